using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Planning;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Devices;

/// <summary>
/// Reads what a plan is made from: the records and then the host, as far as a declaration makes it
/// necessary.
/// </summary>
internal static class PlanInputReader
{
    /// <summary>For prepare, when nothing of the domain's own is left.</summary>
    /// <param name="isIncoming">A declared VF stands for any of the host.</param>
    /// <param name="everyVf">Reads the VFs that are not declared, too.</param>
    /// <param name="holders">
    /// What <see cref="HoldersFor"/> has read; null to read /proc where it is needed.
    /// </param>
    public static PlanInput Read(
        OperationContext context,
        Domain domain,
        Declaration declaration,
        ImmutableDictionary<SysfsName, string> failed,
        bool isIncoming = false,
        bool everyVf = false,
        VfioHolders? holders = null)
    {
        holders ??= new VfioHolders(context.Root);
        var records = context.Records.ReadAll();
        var others = records.Domains.AddRange(records.Reservations).RemoveAll(r => r.Domain == domain.Uuid);
        var removing = records.Removals;
        var mdevs = declaration.Hostdevs.Where(h => h.Device.Uuid is not null).ToArray();
        everyVf |= isIncoming && mdevs.Length < declaration.Hostdevs.Length;
        var pins = !everyVf && mdevs.All(h => h.Parents.Length > 0) ? mdevs.SelectMany(h => h.Parents).ToArray() : null;
        var vfsOfPins = VfsOf(context.Root, pins ?? []);
        var filter = new TypeFilter([.. declaration.Hostdevs.Select(h => h.Type).OfType<string>().Distinct()]);
        var host = HostReader.Read(
            context.Root,
            (name, subsystem) => pins is null || vfsOfPins.Contains(name) || pins.Any(p => p.Names(name, subsystem)),
            filter,
            declaration.Hostdevs.Select(h => h.Device),
            holders,
            everyVf,
            (name, subsystem) => mdevs.Any(h => h.Parents.Any(p => p.Names(name, subsystem))));
        var isParentMissing = mdevs.Any(h => h.Parents.Length > 0 && !host.Parents.Any(p => h.Parents.Any(p.IsOn)));
        return new PlanInput(
            domain,
            declaration,
            isParentMissing ? host with { Gpus = [.. ParentFolder.Gpus(context.Root)] } : host,
            others,
            removing,
            HoldersOfRemovals(context.Root, holders, removing, declaration),
            context.Settings,
            failed,
            HostNuma.NodesOf(context.Root, domain.Numa),
            context.Records.Boot,
            Moment.Now,
            isIncoming)
        {
            Newer = records.Newer,
            Starting = StartingOf(context, records.Domains),
        };
    }

    /// <summary>
    /// The domains with claims whose devices are still to be made, and of whose records a process
    /// holds the lock; all with such claims where the held locks cannot be read. A start that has
    /// ended since the records were read counts, too: what it made has to be looked at again. One
    /// that has taken longer than it may does not: its process waits for a driver.
    /// </summary>
    private static ImmutableHashSet<Guid> StartingOf(OperationContext context, ImmutableArray<Record> records)
    {
        var unfinished = records.Where(record => IsUnfinished(record) && !IsOverdue(context, record)).ToArray();
        if (unfinished.Length == 0)
            return [];
        var locks = HeldLocks.Read(context.Root);
        return [.. unfinished.Select(record => record.Domain).Where(domain => IsStarting(context, domain, locks))];
    }

    private static bool IsStarting(OperationContext context, Guid domain, HeldLocks? locks)
    {
        if (locks is null || context.Records.IsActedOn(domain, locks))
            return true;
        var now = context.Records.Load(domain);
        return now is null || !IsUnfinished(now);
    }

    private static bool IsOverdue(OperationContext context, Record record) =>
        record.Phase == Phase.Preparing && record.Generation.Age > context.Settings.PrepareDeadline;

    private static bool IsUnfinished(Record record) => record.Claims.Any(c => c.Stage is Stage.Reserved or Stage.Intended);

    /// <summary>
    /// Reads who has which VFIO node open, for callers that take the host's lock next: with many
    /// processes that takes too long for the lock. It is not read where no declared device is seen
    /// to exist; a foreign VF with a type is seen only under the lock.
    /// </summary>
    public static VfioHolders HoldersFor(OperationContext context, Domain domain, Declaration declaration)
    {
        var holders = new VfioHolders(context.Root);
        var declared = declaration.Hostdevs.Select(h => h.Device).ToArray();
        var isMade = declared.Any(d => d.Uuid is not null && FileStatus.Of(context.Root.MdevDevices / d.Name, out _) is not null);
        if (isMade || context.Records.MayHave(domain.Uuid, declared))
            holders.Read();
        return holders;
    }

    /// <summary>
    /// For devices without a name yet: where no mediated device can be made, a free VF will do.
    /// </summary>
    /// <param name="has">
    /// What the domain has already, declared or not: a VF of these is not free.
    /// </param>
    public static PlanInput ForUnnamed(
        OperationContext context,
        Domain domain,
        Declaration declaration,
        ImmutableDictionary<SysfsName, string> failed,
        IEnumerable<DeviceId> has)
    {
        var vfs = has.Where(device => device.Address is not null);
        var taken = vfs.Select(vf => KeyValuePair.Create(vf.Name, "the domain has it already"));
        return Read(context, domain, declaration, failed.SetItems(taken), isIncoming: true, everyVf: true) with { TakesVfs = true };
    }

    /// <summary>
    /// For a person who asks beforehand: as if what the domain has now had been taken down, which
    /// prepare does first.
    /// </summary>
    public static PlanInput Preview(OperationContext context, Domain domain, Declaration declaration) =>
        WithoutOwn(context, domain, declaration, isIncoming: false, HeldDevices.AreFreed, new VfioHolders(context.Root));

    /// <summary>
    /// For a defined domain that is to have names of this host: the same, with other names for what
    /// it cannot have.
    /// </summary>
    /// <param name="holders">What <see cref="HoldersFor"/> has read.</param>
    public static PlanInput Retarget(OperationContext context, Domain domain, Declaration declaration, VfioHolders holders) =>
        WithoutOwn(context, domain, declaration, isIncoming: true, HeldDevices.AreFreed, holders);

    /// <summary>
    /// For a domain that comes from another host: the same, but a device that a process holds will
    /// not be free.
    /// </summary>
    /// <param name="holders">What <see cref="HoldersFor"/> has read.</param>
    public static PlanInput Incoming(OperationContext context, Domain domain, Declaration declaration, VfioHolders? holders = null) =>
        WithoutOwn(context, domain, declaration, isIncoming: true, HeldDevices.Stay, holders ?? new VfioHolders(context.Root));

    /// <returns>The VFs of the declared parents that are PFs, which stand for their VFs.</returns>
    private static HashSet<SysfsName> VfsOf(Root root, ParentName[] parents)
    {
        var vfs = new HashSet<SysfsName>();
        foreach (var address in parents.Select(parent => parent.Address).OfType<PciAddress>())
        {
            var device = root.PciDevices / address.Name;
            if (FileStatus.Of(device / "sriov_numvfs", out _) is not null)
                vfs.UnionWith(VirtualFunction.Of(device).Select(vf => vf.Address.Name));
        }

        return vfs;
    }

    /// <summary>
    /// The host as it will be when the domain's own devices have been taken down.
    /// </summary>
    private static PlanInput WithoutOwn(
        OperationContext context, Domain domain, Declaration declaration, bool isIncoming, HeldDevices held, VfioHolders holders)
    {
        var isPreview = held == HeldDevices.AreFreed;
        var hasVfs = declaration.Hostdevs.Any(h => h.Device.Address is not null);
        var none = ImmutableDictionary<SysfsName, string>.Empty;
        var input = Read(context, domain, declaration, none, isIncoming, everyVf: isPreview && hasVfs, holders);
        var kept = held == HeldDevices.Stay ? holders : null;
        var freed = new FreedClaims(OwnClaims(context, domain, input, kept), isPreview);
        return input with
        {
            Host = freed.Without(input.Host),
            Removing = input.Removing.RemoveAll(r => r.Domain == domain.Uuid && !IsKept(context.Root, r.Claims[0], kept)),
        };
    }

    /// <param name="kept">Who keeps devices; null where all will be free.</param>
    /// <returns>The claims of the domain whose devices exist and will be taken down.</returns>
    private static ImmutableArray<Claim> OwnClaims(OperationContext context, Domain domain, PlanInput input, VfioHolders? kept)
    {
        var own = ImmutableArray.CreateBuilder<Claim>();
        var records = context.Records.Domains().Concat(input.Removing).Where(r => r.Domain == domain.Uuid);
        foreach (var claim in records.SelectMany(r => r.Claims))
        {
            if (!claim.IsForeign && input.Host.Devices.ContainsKey(claim.Device) && !IsKept(context.Root, claim, kept))
                own.Add(claim);
        }

        return own.DrainToImmutable();
    }

    private static bool IsKept(Root root, Claim claim, VfioHolders? kept) =>
        kept?.WhyNotFree(VfioNodes.Of(root, claim.Device, claim.Parent)) is not null;

    private static ImmutableDictionary<DeviceId, string> HoldersOfRemovals(
        Root root, VfioHolders all, ImmutableArray<Record> removing, Declaration declaration)
    {
        var declared = declaration.Hostdevs.Select(h => h.Device).ToHashSet();
        var holders = ImmutableDictionary.CreateBuilder<DeviceId, string>();
        foreach (var claim in removing.SelectMany(r => r.Claims).Where(c => declared.Contains(c.Device)))
        {
            if (all.Of(VfioNodes.Of(root, claim.Device, claim.Parent)) is { } holder)
                holders[claim.Device] = holder.Text;
        }

        return holders.ToImmutable();
    }

    /// <summary>What happens to devices of the domain's own that a process holds.</summary>
    private enum HeldDevices
    {
        /// <summary>They count as taken down: for a plan that a person asks for.</summary>
        AreFreed,

        /// <summary>They stay, and their names are taken.</summary>
        Stay,
    }
}
