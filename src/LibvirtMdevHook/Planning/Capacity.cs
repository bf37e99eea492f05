using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Planning;

/// <summary>
/// Counts what is taken on the host: the devices that exist, and the claims whose device does not
/// exist yet. The kernel's <c>available_instances</c> counts only the former.
/// </summary>
internal sealed class Capacity
{
    private readonly Host _host;
    private readonly DeviceIndex _devices;

    /// <summary>The claim on each device that has one, without those that a plan adds.</summary>
    private readonly Dictionary<DeviceId, Claim> _claimOf = [];

    private readonly RunningTypes _running;

    /// <summary>The pending claims of other domains, by GPU; a plan adds none.</summary>
    private readonly ILookup<SysfsName, PendingClaim> _ofOthers;

    /// <summary>
    /// The gigabytes of its GPU that each parent's list of types tells, as they are asked for
    /// often.
    /// </summary>
    private readonly Dictionary<SysfsName, int?> _listed = [];

    /// <summary>All claims, by GPU.</summary>
    private ClaimIndex _claims;

    /// <summary>The claims whose device does not exist yet, by GPU.</summary>
    private ClaimIndex _pending;

    /// <summary>The same claims, by parent.</summary>
    private ClaimIndex _pendingOnParent;

    /// <summary>The number of devices on each physical GPU.</summary>
    private ImmutableDictionary<SysfsName, int> _loads;

    /// <summary>The GPUs that have refused two sizes of the domain.</summary>
    private ImmutableHashSet<SysfsName> _ofOneSize = [];

    private bool _keepsSizesApart;

    private Capacity(Host host, ImmutableArray<Claim> claims, ImmutableArray<PendingClaim> pending, Guid? domain)
    {
        _host = host;
        _devices = new DeviceIndex(host);
        _running = RunningTypes.Of(host, claims);
        foreach (var claim in claims)
            _claimOf.TryAdd(claim.Device, claim);
        _claims = ClaimIndex.Of(claims, claim => claim.Gpu);
        _pending = ClaimIndex.Of(pending.Select(p => p.Claim), claim => claim.Gpu);
        _pendingOnParent = ClaimIndex.Of(pending.Select(p => p.Claim), claim => claim.Parent);
        _ofOthers = pending.Where(p => p.Record.Domain != domain && IsSpokenFor(p.Claim)).ToLookup(p => p.Claim.Gpu);
        _loads = _devices.Gpus.Concat(pending.Select(p => p.Claim.Gpu)).CountBy(gpu => gpu).ToImmutableDictionary();
    }

    /// <param name="records">What counts as taken.</param>
    /// <param name="domain">The domain at hand; null for none.</param>
    public static Capacity Of(Host host, IEnumerable<Record> records, Guid? domain = null)
    {
        var claims = ImmutableArray.CreateBuilder<Claim>();
        var pending = ImmutableArray.CreateBuilder<PendingClaim>();
        foreach (var record in records)
        {
            claims.AddRange(record.Claims);
            pending.AddRange(record.Claims.Where(claim => IsPending(host, record, claim)).Select(claim => new PendingClaim(claim, record)));
        }

        return new Capacity(host, claims.ToImmutable(), pending.ToImmutable(), domain);
    }

    /// <summary>
    /// The capacity after a claim whose device is still to be made. A device of that name that
    /// exists is another one, whose uuid an incoming domain gives up.
    /// </summary>
    public Capacity Plus(Claim claim)
    {
        var next = (Capacity)MemberwiseClone();
        next._claims = _claims.Plus(claim);
        next._pending = _pending.Plus(claim);
        next._pendingOnParent = _pendingOnParent.Plus(claim);
        next._loads = _loads.SetItem(claim.Gpu, Load(claim.Gpu) + 1);
        return next;
    }

    /// <returns>
    /// The capacity for a plan that trusts no driver to take two sizes of the domain: where a GPU is
    /// not seen to run both, there is no room for the second.
    /// </returns>
    public Capacity WithSizesApart()
    {
        var next = (Capacity)MemberwiseClone();
        next._keepsSizesApart = true;
        return next;
    }

    /// <param name="gpus">The GPUs that have refused two sizes of the domain.</param>
    public Capacity WithOneSizeOn(IEnumerable<SysfsName> gpus)
    {
        var next = (Capacity)MemberwiseClone();
        next._ofOneSize = [.. gpus];
        return next;
    }

    /// <summary>How many devices a physical GPU carries, for placement.</summary>
    public int Load(SysfsName gpu) => _loads.GetValueOrDefault(gpu);

    /// <summary>Whether one more device of the type can be made on the parent.</summary>
    public bool HasRoomFor(Parent parent, MdevType? type) =>
        type is null || (!IsAgainstSize(parent, type) && Left(parent, type) is null or > 0);

    /// <returns>
    /// How many devices of the type can still be made on the parent; null where neither kernel nor
    /// driver tells.
    /// </returns>
    public int? Left(Parent parent, MdevType type)
    {
        var pending = _pendingOnParent[parent.Name];
        // The 2016 interface tells how many a parent takes in all, and not how many are left. A
        // removal that the kernel blocks still uses its instance there, although sysfs does not
        // show the device any more.
        if (!parent.Dialect.TellsType)
            return type.MaxInstances - _devices.On(parent.Name).Count() - pending.Length;
        var framebuffer = Framebuffer.Left(this, parent, type);
        // Devices of a VF's parent, and those whose sizes are not known, cannot share an instance.
        var anyTypeCounts = SharesInstances(parent) && (framebuffer is null || parent.IsVf);
        var spokenFor = pending.Count(c => IsSpokenFor(c) && (anyTypeCounts || c.Type?.Id == type.Id));
        var left = (type.AvailableInstances ?? 0) - spokenFor;
        return left > 0 ? Math.Min(left, framebuffer ?? left) : left;
    }

    /// <summary>
    /// Whether a device of any type uses one of the parent's instances, and not only one of the
    /// same type.
    /// </summary>
    public static bool SharesInstances(Parent parent) =>
        parent.IsNvidias || !parent.Dialect.TellsType;

    /// <summary>
    /// Whether a device of the type binds no GPU to one framebuffer size: the GPU runs several
    /// sizes, or ran this one before the domain at hand.
    /// </summary>
    public bool BindsNoGpu(Parent parent, MdevType? type) =>
        !parent.RunsOneSize || type?.Framebuffer is not { } size || Runs(parent.Gpu, type.Id) || _running.HasSize(parent.Gpu, size);

    /// <summary>Whether a GPU ran the type before the domain at hand.</summary>
    public bool Runs(SysfsName gpu, SysfsName type) => _running.HasType(gpu, type);

    /// <summary>Whether a device on this GPU is being removed.</summary>
    public bool IsBeingFreed(SysfsName gpu) => _claims[gpu].Any(c => c.Stage == Stage.Leaving);

    /// <returns>All claims on a GPU, with those that the plan adds.</returns>
    public ImmutableArray<Claim> ClaimsOn(SysfsName gpu) => _claims[gpu];

    /// <returns>
    /// The claims on a GPU whose device is still to be made, with those that the plan adds.
    /// </returns>
    public IEnumerable<Claim> PendingOn(SysfsName gpu) => _pending[gpu].Where(IsSpokenFor);

    /// <returns>Those of them that other domains have.</returns>
    public IEnumerable<PendingClaim> PendingOfOthers(SysfsName gpu) => _ofOthers[gpu];

    /// <returns>The devices that exist on a GPU.</returns>
    public IEnumerable<KeyValuePair<DeviceId, DevicePlace>> DevicesOn(SysfsName gpu) => _devices.OnGpu(gpu);

    /// <summary>Whether nothing is known to run on a GPU with VFs.</summary>
    public bool IsIdle(SysfsName gpu) => !_host.Unlisted.Contains(gpu) && !_devices.HasAnyOnGpu(gpu);

    /// <returns>The claim on a device that exists; null where it has none.</returns>
    public Claim? ClaimOn(DeviceId device) => _claimOf.GetValueOrDefault(device);

    /// <returns>
    /// The type of each device and each pending claim on the parent, of a VF on its whole GPU, as
    /// far as the types are known.
    /// </returns>
    public IEnumerable<SysfsName> TypesOn(Parent parent)
    {
        var onGpu = parent.IsVf;
        var devices = onGpu ? _devices.OnGpu(parent.Gpu) : _devices.On(parent.Name);
        var pending = onGpu ? _pending[parent.Gpu] : _pendingOnParent[parent.Name];
        return devices.Select(d => d.Value.Type ?? ClaimOn(d.Key)?.Type?.Id)
            .Concat(pending.Select(c => c.Type?.Id))
            .OfType<SysfsName>();
    }

    /// <returns>
    /// The name of a type on a parent, also if only the cache of seen types or a claim tells it;
    /// the id where nothing tells it.
    /// </returns>
    public string TitleOf(Parent parent, SysfsName id)
    {
        var known = parent.Types.Concat(parent.Seen).FirstOrDefault(t => t.Id == id && t.Name is not null);
        var claimed = _claims[parent.Gpu].FirstOrDefault(c => c.Type?.Id == id);
        return known?.Name ?? claimed?.Type?.Name ?? id.ToString();
    }

    /// <returns>
    /// The gigabytes of its GPU that the parent's list of types tells; null where it does not tell.
    /// </returns>
    public int? ListedGigabytes(Parent parent)
    {
        if (!_listed.TryGetValue(parent.Name, out var gigabytes))
            _listed[parent.Name] = gigabytes = VgpuSize.OfGpu(parent.Types);
        return gigabytes;
    }

    private bool IsAgainstSize(Parent parent, MdevType type)
    {
        if (SizeRule.Forbids(this, parent, type))
            return true;
        return (_keepsSizesApart || _ofOneSize.Contains(parent.Gpu)) && SizeRule.MayNotMix(this, parent, type);
    }

    private static bool IsSpokenFor(Claim claim) => claim.Stage is Stage.Reserved or Stage.Intended;

    /// <summary>
    /// Whether the claim's device is still to be made. A device with the name of a reservation is
    /// another one: the reserved device does not exist. The device of a start's claim may have been
    /// made since its record was read.
    /// </summary>
    private static bool IsPending(Host host, Record record, Claim claim)
    {
        var isReservation = record.Expires is not null && !claim.IsForeign;
        return isReservation || !host.Devices.ContainsKey(claim.Device);
    }
}
