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
    public static Order Read(Workplace place, Domain domain, Declaration declaration, ImmutableDictionary<SysfsName, string> failed)
    {
        var others = place.Records.Domains().AddRange(place.Records.Reservations()).RemoveAll(r => r.Domain == domain.Uuid);
        var removing = place.Records.Removing();
        var pins = declaration.Hostdevs.All(h => h.Parents.Length > 0) ? declaration.Hostdevs.SelectMany(h => h.Parents).ToArray() : null;
        var filter = new TypeFilter([.. declaration.Hostdevs.Select(h => h.Type).OfType<string>().Distinct()]);
        var host = HostReader.Read(
            place.Root,
            (name, subsystem) => pins is null || pins.Any(p => p.Names(name, subsystem)),
            filter,
            declaration.Hostdevs.Select(h => h.Device));
        return new Order(domain, declaration, host, others, removing, place.Settings, failed,
            HostNuma.NodesOf(place.Root, domain.Numa), place.Records.Boot, Stopwatch.GetTimestamp());
    }

    /// <summary>For a person who asks beforehand: as if what the domain has now had been taken down, which prepare does first.</summary>
    public static Order Preview(Workplace place, Domain domain, Declaration declaration) => Freed(place, domain, declaration, _ => true);

    /// <summary>For a domain that comes from another host: the same, but what a process holds will not be free.</summary>
    public static Order Arrival(Workplace place, Domain domain, Declaration declaration) =>
        Freed(place, domain, declaration, existing => existing?.Holder is null) with { IsArrival = true };

    private static Order Freed(Workplace place, Domain domain, Declaration declaration, Func<ExistingDevice?, bool> isFreed)
    {
        var order = Read(place, domain, declaration, ImmutableDictionary<SysfsName, string>.Empty);
        var own = place.Records.Domains().Concat(order.Removing).Where(r => r.Domain == domain.Uuid)
            .SelectMany(r => r.Claims).Where(c => !c.IsForeign && order.Host.Devices.ContainsKey(c.Device) && isFreed(order.Host.Find(c.Device)))
            .ToImmutableArray();
        return order with
        {
            Host = order.Host with
            {
                Parents = [.. order.Host.Parents.Select(p => p with { Types = [.. p.Types.Select(t => Freed(p, t, own))] })],
                Devices = order.Host.Devices.RemoveRange(own.Select(c => c.Device)),
                Existing = order.Host.Existing.RemoveAll(e => own.Any(c => c.Device == e.Device.Id)),
            },
            Removing = order.Removing.RemoveAll(r => r.Domain == domain.Uuid && isFreed(order.Host.Find(r.Claims[0].Device))),
        };
    }

    private static MdevType Freed(Parent parent, MdevType type, ImmutableArray<Claim> own) =>
        type with { AvailableInstances = type.AvailableInstances + own.Count(c => c.Parent == parent.Name && c.Type?.Id == type.Id) };
}
