using System.Collections.Immutable;
using System.Diagnostics;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Planning;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Devices;

/// <summary>Reads the records and then the host, as far as a declaration makes it necessary.</summary>
internal static class PlanInputReader
{
    /// <summary>For prepare, when nothing of the domain's own is left.</summary>
    /// <param name="isIncoming">A declared VF stands for any of the host.</param>
    /// <param name="everyVf">Reads the VFs that are not declared, too.</param>
    public static PlanInput Read(
        OperationContext context, Domain domain, Declaration declaration, ImmutableDictionary<SysfsName, string> failed, bool isIncoming = false, bool everyVf = false)
    {
        var others = context.Records.Domains().AddRange(context.Records.Reservations()).RemoveAll(r => r.Domain == domain.Uuid);
        var removing = context.Records.Removing();
        var mdevs = declaration.Hostdevs.Where(h => h.Device.Uuid is not null).ToArray();
        everyVf |= isIncoming && mdevs.Length < declaration.Hostdevs.Length;
        var pins = !everyVf && mdevs.All(h => h.Parents.Length > 0) ? mdevs.SelectMany(h => h.Parents).ToArray() : null;
        var filter = new TypeFilter([.. declaration.Hostdevs.Select(h => h.Type).OfType<string>().Distinct()]);
        var host = HostReader.Read(
            context.Root,
            (name, subsystem) => pins is null || pins.Any(p => p.Names(name, subsystem)),
            filter,
            declaration.Hostdevs.Select(h => h.Device),
            everyVf);
        return new PlanInput(domain, declaration, host, others, removing, HoldersOf(context.Root, removing, declaration), context.Settings, failed,
            HostNuma.NodesOf(context.Root, domain.Numa), context.Records.Boot, Stopwatch.GetTimestamp(), isIncoming);
    }

    /// <summary>For devices that nobody has named yet: where no mediated device can be made, a free VF will do.</summary>
    /// <param name="has">What the domain has already, declared or not: a VF of these is not free.</param>
    public static PlanInput ForUnnamed(
        OperationContext context, Domain domain, Declaration declaration, ImmutableDictionary<SysfsName, string> failed, IEnumerable<DeviceId> has) =>
        Read(context, domain, declaration, failed.SetItems(has.Where(d => d.Address is not null)
            .Select(d => KeyValuePair.Create(d.Name, "the domain has it already"))), isIncoming: true, everyVf: true) with { TakesVfs = true };

    /// <summary>For a person who asks beforehand: as if what the domain has now had been taken down, which prepare does first.</summary>
    public static PlanInput Preview(OperationContext context, Domain domain, Declaration declaration) => Freed(context, domain, declaration, isIncoming: false, null);

    /// <summary>For a defined domain that is to have names of this host: the same, with other names for what cannot be had.</summary>
    public static PlanInput Retarget(OperationContext context, Domain domain, Declaration declaration) => Freed(context, domain, declaration, isIncoming: true, null);

    /// <summary>For a domain that comes from another host: the same, but what a process holds will not be free.</summary>
    public static PlanInput Incoming(OperationContext context, Domain domain, Declaration declaration) =>
        Freed(context, domain, declaration, isIncoming: true, claim => VfioGroup.Holder(context.Root, VfioGroup.Of(context.Root, claim.Device, claim.Parent)) is not null);

    /// <param name="isKept">What of the domain's own stays; null for a preview, in which all of it goes.</param>
    private static PlanInput Freed(OperationContext context, Domain domain, Declaration declaration, bool isIncoming, Func<Claim, bool>? isKept)
    {
        var hasVfs = declaration.Hostdevs.Any(h => h.Device.Address is not null);
        var input = Read(context, domain, declaration, ImmutableDictionary<SysfsName, string>.Empty, isIncoming, everyVf: isKept is null && hasVfs);
        var own = context.Records.Domains().Concat(input.Removing).Where(r => r.Domain == domain.Uuid)
            .SelectMany(r => r.Claims).Where(c => !c.IsForeign && input.Host.Devices.ContainsKey(c.Device) && isKept?.Invoke(c) != true)
            .ToImmutableArray();
        var host = input.Host with { Devices = input.Host.Devices.RemoveRange(own.Select(c => c.Device)) };
        var idle = isKept is null ? own.Select(c => c.Gpu).Where(gpu => host.Devices.Values.All(d => d.Gpu != gpu)).ToHashSet() : [];
        return input with
        {
            Host = host with
            {
                Parents = [.. host.Parents.Select(p => p with { Types = [.. TypesOf(p, input.Host, own, idle).Select(t => Freed(p, t, own))] })],
                Existing = host.Existing.RemoveAll(e => own.Any(c => c.Device == e.Device.Id)),
            },
            Removing = input.Removing.RemoveAll(r => r.Domain == domain.Uuid && isKept?.Invoke(r.Claims[0]) != true),
        };
    }

    private static ImmutableDictionary<DeviceId, string> HoldersOf(Root root, ImmutableArray<Record> removing, Declaration declaration)
    {
        var holders = ImmutableDictionary.CreateBuilder<DeviceId, string>();
        foreach (var claim in removing.SelectMany(r => r.Claims).Where(c => declaration.Hostdevs.Any(h => h.Device == c.Device)))
        {
            if (VfioGroup.Holder(root, VfioGroup.Of(root, claim.Device, claim.Parent)) is { } holder)
                holders[claim.Device] = holder;
        }

        return holders.ToImmutable();
    }

    /// <summary>
    /// What a VF will list when the domain's own types are gone. It does not list the one that it has, whose name the claim knows; it will list
    /// what a free one beside it lists now. Where the GPU will run nothing, it will list all that was seen of it before: this is only good
    /// for a preview, as what was seen decides nothing at a start.
    /// </summary>
    /// <param name="host">As it is now.</param>
    /// <param name="idle">The GPUs that will run nothing; empty where this is no preview.</param>
    private static ImmutableArray<MdevType> TypesOf(Parent parent, Host host, ImmutableArray<Claim> own, HashSet<SysfsName> idle)
    {
        if (parent.Dialect != Dialect.Vf)
            return parent.Types;
        var types = parent.Types;
        if (own.FirstOrDefault(c => c.Parent == parent.Name)?.Type is { } type)
        {
            types = types.RemoveAll(t => t.Id == type.Id).Add(new MdevType(type.Id, type.Name, AvailableInstances: 0));
            types = types.AddRange(host.Parents.Where(p => p.Gpu == parent.Gpu && !HasType(host, p)).SelectMany(p => p.Types));
        }

        if (idle.Contains(parent.Gpu))
            types = types.AddRange(parent.Seen.Select(seen => seen with { AvailableInstances = 1 }));
        return [.. types.DistinctBy(t => t.Id)];
    }

    private static bool HasType(Host host, Parent vf) => host.Devices.Values.Any(d => d.Parent == vf.Name);

    private static MdevType Freed(Parent parent, MdevType type, ImmutableArray<Claim> own) =>
        type with { AvailableInstances = type.AvailableInstances + own.Count(c => c.Parent == parent.Name && c.Type?.Id == type.Id) };
}
