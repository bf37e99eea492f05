using System.Collections.Immutable;
using System.Xml.Linq;

namespace LibvirtMdevHook.Domains;

/// <summary>The host NUMA nodes and CPUs to which a domain is bound.</summary>
/// <param name="Nodes">The host NUMA nodes of its numatune; empty when it has none.</param>
/// <param name="Cpus">
/// The host CPUs to which its vCPUs are pinned; empty when they are not pinned.
/// </param>
internal sealed record GuestNuma(ImmutableSortedSet<int> Nodes, ImmutableSortedSet<int> Cpus)
{
    /// <summary>No guest has as many vCPUs.</summary>
    private const int MaximumSets = 4096;

    public static GuestNuma Read(XElement domain)
    {
        var nodeSets = domain.Elements("numatune").Elements().Attributes("nodeset");
        var cpuSets = domain.Elements("vcpu").Concat(domain.Elements("cputune").Elements("vcpupin")).Attributes("cpuset");
        return new GuestNuma(Union(nodeSets), Union(cpuSets));
    }

    private static ImmutableSortedSet<int> Union(IEnumerable<XAttribute> sets) =>
        NumberSet.Union(sets.Take(MaximumSets).Select(set => set.Value));
}
