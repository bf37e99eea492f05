using System.Collections.Immutable;
using System.Diagnostics;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Planning;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Operations;

/// <summary>Reads the records and then the host, as far as a declaration makes it necessary.</summary>
internal static class HostOrder
{
    /// <summary>For prepare, when nothing of the domain's own is left.</summary>
    /// <param name="isArrival">A declared VF stands for any of the host.</param>
    /// <param name="everyVf">Reads the VFs that are not declared, too.</param>
    public static Order Read(
        Workplace place, Domain domain, Declaration declaration, ImmutableDictionary<SysfsName, string> failed, bool isArrival = false, bool everyVf = false)
    {
        var others = place.Records.Domains().AddRange(place.Records.Reservations()).RemoveAll(r => r.Domain == domain.Uuid);
        var removing = place.Records.Removing();
        var mdevs = declaration.Hostdevs.Where(h => h.Device.Uuid is not null).ToArray();
        everyVf |= isArrival && mdevs.Length < declaration.Hostdevs.Length;
        var pins = !everyVf && mdevs.All(h => h.Parents.Length > 0) ? mdevs.SelectMany(h => h.Parents).ToArray() : null;
        var filter = new TypeFilter([.. declaration.Hostdevs.Select(h => h.Type).OfType<string>().Distinct()]);
        var host = HostReader.Read(
            place.Root,
            (name, subsystem) => pins is null || pins.Any(p => p.Names(name, subsystem)),
            filter,
            declaration.Hostdevs.Select(h => h.Device),
            everyVf);
        return new Order(domain, declaration, host, others, removing, HoldersOf(place.Root, removing, declaration), place.Settings, failed,
            HostNuma.NodesOf(place.Root, domain.Numa), place.Records.Boot, Stopwatch.GetTimestamp(), isArrival);
    }

    /// <summary>For devices that nobody has named yet: where no mediated device can be made, a free VF will do.</summary>
    /// <param name="has">What the domain has already, declared or not: a VF of these is not free.</param>
    public static Order Unnamed(
        Workplace place, Domain domain, Declaration declaration, ImmutableDictionary<SysfsName, string> failed, IEnumerable<DeviceId> has) =>
        Read(place, domain, declaration, failed.SetItems(has.Where(d => d.Address is not null)
            .Select(d => KeyValuePair.Create(d.Name, "the domain has it already"))), isArrival: true, everyVf: true) with { TakesVfs = true };

    /// <summary>For a person who asks beforehand: as if what the domain has now had been taken down, which prepare does first.</summary>
    public static Order Preview(Workplace place, Domain domain, Declaration declaration) => Freed(place, domain, declaration, isArrival: false, null);

    /// <summary>For a defined domain that is to have names of this host: the same, with other names for what cannot be had.</summary>
    public static Order Retarget(Workplace place, Domain domain, Declaration declaration) => Freed(place, domain, declaration, isArrival: true, null);

    /// <summary>For a domain that comes from another host: the same, but what a process holds will not be free.</summary>
    public static Order Arrival(Workplace place, Domain domain, Declaration declaration) =>
        Freed(place, domain, declaration, isArrival: true, claim => GroupNode.Holder(place.Root, GroupNode.Of(place.Root, claim.Device, claim.Parent)) is not null);

    /// <param name="isKept">What of the domain's own stays; null for a preview, in which all of it goes.</param>
    private static Order Freed(Workplace place, Domain domain, Declaration declaration, bool isArrival, Func<Claim, bool>? isKept)
    {
        var hasVfs = declaration.Hostdevs.Any(h => h.Device.Address is not null);
        var order = Read(place, domain, declaration, ImmutableDictionary<SysfsName, string>.Empty, isArrival, everyVf: isKept is null && hasVfs);
        var own = place.Records.Domains().Concat(order.Removing).Where(r => r.Domain == domain.Uuid)
            .SelectMany(r => r.Claims).Where(c => !c.IsForeign && order.Host.Devices.ContainsKey(c.Device) && isKept?.Invoke(c) != true)
            .ToImmutableArray();
        var host = order.Host with { Devices = order.Host.Devices.RemoveRange(own.Select(c => c.Device)) };
        var idle = isKept is null ? own.Select(c => c.Gpu).Where(gpu => host.Devices.Values.All(d => d.Gpu != gpu)).ToHashSet() : [];
        return order with
        {
            Host = host with
            {
                Parents = [.. host.Parents.Select(p => p with { Types = [.. TypesOf(p, order.Host, own, idle).Select(t => Freed(p, t, own))] })],
                Existing = host.Existing.RemoveAll(e => own.Any(c => c.Device == e.Device.Id)),
            },
            Removing = order.Removing.RemoveAll(r => r.Domain == domain.Uuid && isKept?.Invoke(r.Claims[0]) != true),
        };
    }

    private static ImmutableDictionary<DeviceId, string> HoldersOf(Root root, ImmutableArray<Record> removing, Declaration declaration)
    {
        var holders = ImmutableDictionary.CreateBuilder<DeviceId, string>();
        foreach (var claim in removing.SelectMany(r => r.Claims).Where(c => declaration.Hostdevs.Any(h => h.Device == c.Device)))
        {
            if (GroupNode.Holder(root, GroupNode.Of(root, claim.Device, claim.Parent)) is { } holder)
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
