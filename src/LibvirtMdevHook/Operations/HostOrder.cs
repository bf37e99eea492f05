using System.Collections.Immutable;
using System.Diagnostics;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Planning;

namespace LibvirtMdevHook.Operations;

/// <summary>Reads the records and then the host, as far as a declaration makes it necessary.</summary>
internal static class HostOrder
{
    public static Order Read(Workplace place, Domain domain, Declaration declaration, ImmutableDictionary<SysfsName, string> failed)
    {
        var others = place.Records.Domains().RemoveAll(r => r.Domain == domain.Uuid);
        var removing = place.Records.Removing();
        var pins = declaration.Hostdevs.All(h => h.Parents.Length > 0) ? declaration.Hostdevs.SelectMany(h => h.Parents).ToArray() : null;
        var filter = new TypeFilter([.. declaration.Hostdevs.Select(h => h.Type).OfType<string>().Distinct()]);
        var host = HostReader.Read(
            place.Root,
            (name, subsystem) => pins is null || pins.Any(p => p.Names(name, subsystem)),
            filter,
            declaration.Hostdevs.Select(h => h.Device));
        return new Order(domain, declaration, host, others, removing, place.Settings, failed, place.Records.Boot, Stopwatch.GetTimestamp());
    }
}
