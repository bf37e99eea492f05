using System.Collections.Immutable;
using System.Xml.Linq;

namespace LibvirtMdevHook.Domains;

/// <summary>Where on the host a domain's memory and vCPUs are bound to.</summary>
/// <param name="Nodes">The host NUMA nodes of its numatune; empty when it has none.</param>
/// <param name="Cpus">The host CPUs its vCPUs are pinned to; empty when they are not.</param>
internal sealed record GuestNuma(ImmutableSortedSet<int> Nodes, ImmutableSortedSet<int> Cpus)
{
    /// <summary>More than any guest has vCPUs.</summary>
    private const int MaximumSets = 4096;

    public static GuestNuma Read(XElement domain) => new(
        Union(domain.Elements("numatune").Elements().Attributes("nodeset")),
        Union(domain.Elements("vcpu").Concat(domain.Elements("cputune").Elements("vcpupin")).Attributes("cpuset")));

    private static ImmutableSortedSet<int> Union(IEnumerable<XAttribute> sets) =>
        NumberSet.Union(sets.Take(MaximumSets).Select(set => set.Value));
}
