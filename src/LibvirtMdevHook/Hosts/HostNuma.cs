using System.Collections.Immutable;
using System.Globalization;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>The NUMA nodes of the host (Documentation/ABI/stable/sysfs-devices-node).</summary>
internal static class HostNuma
{
    private const string NodePrefix = "node";

    /// <returns>
    /// The nodes to which a domain's memory and vCPUs are bound; empty when they are not bound.
    /// </returns>
    public static ImmutableSortedSet<int> NodesOf(Root root, GuestNuma guest)
    {
        var nodes = guest.Nodes;
        if (guest.Cpus.IsEmpty)
            return nodes;
        var folder = root.Sys / "devices/system/node";
        foreach (var name in HostFile.List(folder))
        {
            if (!name.ToString().StartsWith(NodePrefix, StringComparison.Ordinal))
                continue;
            var cpus = NumberSet.Parse(HostFile.ReadTrimmed(folder / name / "cpulist"));
            if (cpus?.Overlaps(guest.Cpus) == true && Number(name.ToString()[NodePrefix.Length..]) is { } node)
                nodes = nodes.Add(node);
        }

        return nodes;
    }

    /// <returns>
    /// Null when the kernel does not know the node, which the attribute shows as -1.
    /// </returns>
    public static int? NodeOf(HostPath device) => Number(HostFile.ReadTrimmed(device / "numa_node"));

    private static int? Number(string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
