using System.Collections.Immutable;
using System.Globalization;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>The NUMA nodes of the host (Documentation/ABI/stable/sysfs-devices-node).</summary>
internal static class HostNuma
{
    /// <returns>The nodes on which a domain's memory and vCPUs are; empty when it is bound to none.</returns>
    public static ImmutableSortedSet<int> NodesOf(Root root, GuestNuma guest)
    {
        if (guest.Cpus.IsEmpty)
            return guest.Nodes;
        var folder = root.Sys / "devices/system/node";
        var ofCpus = HostFile.List(folder).Where(name => name.ToString().StartsWith("node", StringComparison.Ordinal))
            .Where(name => NumberSet.Parse(HostFile.ReadTrimmed(folder / name / "cpulist"))?.Overlaps(guest.Cpus) == true)
            .Select(name => Number(name.ToString()["node".Length..])).OfType<int>();
        return guest.Nodes.Union(ofCpus);
    }

    /// <returns>Null when the kernel does not know it, which it writes as -1.</returns>
    public static int? NodeOf(HostPath device) => Number(HostFile.ReadTrimmed(device / "numa_node"));

    private static int? Number(string? text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var node) ? node : null;
}
