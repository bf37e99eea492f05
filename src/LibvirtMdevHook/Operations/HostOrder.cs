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
    public static Order Read(
        Workplace place, Domain domain, Declaration declaration, ImmutableDictionary<SysfsName, string> failed, bool isArrival = false)
    {
        var others = place.Records.Domains().AddRange(place.Records.Reservations()).RemoveAll(r => r.Domain == domain.Uuid);
        var removing = place.Records.Removing();
        var mdevs = declaration.Hostdevs.Where(h => h.Device.Uuid is not null).ToArray();
        var everyVf = isArrival && mdevs.Length < declaration.Hostdevs.Length;
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

    /// <summary>For a person who asks beforehand: as if what the domain has now had been taken down, which prepare does first.</summary>
    public static Order Preview(Workplace place, Domain domain, Declaration declaration) => Freed(place, domain, declaration, isArrival: false, _ => true);

    /// <summary>For a defined domain that is to have names of this host: the same, with other names for what cannot be had.</summary>
    public static Order Retarget(Workplace place, Domain domain, Declaration declaration) => Freed(place, domain, declaration, isArrival: true, _ => true);

    /// <summary>For a domain that comes from another host: the same, but what a process holds will not be free.</summary>
    public static Order Arrival(Workplace place, Domain domain, Declaration declaration) =>
        Freed(place, domain, declaration, isArrival: true, claim => GroupNode.Holder(place.Root, GroupNode.Of(place.Root, claim.Device, claim.Parent)) is null);

    private static Order Freed(Workplace place, Domain domain, Declaration declaration, bool isArrival, Func<Claim, bool> isFreed)
    {
        var order = Read(place, domain, declaration, ImmutableDictionary<SysfsName, string>.Empty, isArrival);
        var own = place.Records.Domains().Concat(order.Removing).Where(r => r.Domain == domain.Uuid)
            .SelectMany(r => r.Claims).Where(c => !c.IsForeign && order.Host.Devices.ContainsKey(c.Device) && isFreed(c))
            .ToImmutableArray();
        return order with
        {
            Host = order.Host with
            {
                Parents = [.. order.Host.Parents.Select(p => p with { Types = [.. WithOwn(p, own).Select(t => Freed(p, t, own))] })],
                Devices = order.Host.Devices.RemoveRange(own.Select(c => c.Device)),
                Existing = order.Host.Existing.RemoveAll(e => own.Any(c => c.Device == e.Device.Id)),
            },
            Removing = order.Removing.RemoveAll(r => r.Domain == domain.Uuid && isFreed(r.Claims[0])),
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

    /// <summary>A VF does not list the type that it has; the claim knows its name.</summary>
    private static ImmutableArray<MdevType> WithOwn(Parent parent, ImmutableArray<Claim> own) =>
        own.FirstOrDefault(c => c.Device.Address is not null && c.Parent == parent.Name)?.Type is { } type
            ? parent.Types.RemoveAll(t => t.Id == type.Id).Add(new MdevType(type.Id, type.Name, AvailableInstances: 0))
            : parent.Types;

    private static MdevType Freed(Parent parent, MdevType type, ImmutableArray<Claim> own) =>
        type with { AvailableInstances = type.AvailableInstances + own.Count(c => c.Parent == parent.Name && c.Type?.Id == type.Id) };
}
