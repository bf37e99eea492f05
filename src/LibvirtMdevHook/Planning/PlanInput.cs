using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;
using LibvirtMdevHook.Settings;

namespace LibvirtMdevHook.Planning;

/// <summary>Everything that a plan is made from.</summary>
/// <param name="Others">Records of other domains.</param>
/// <param name="Removing">Devices on their way out, of whatever domain.</param>
/// <param name="Holders">Who holds those of them that are declared, in words.</param>
/// <param name="Nodes">The NUMA nodes that the domain is bound to; empty for none.</param>
/// <param name="Failed">Parents that refused a create of this very prepare, with what they answered.</param>
/// <param name="IsIncoming">The domain comes from another host: a device that cannot be had under its name here gets another.</param>
/// <param name="TakesVfs">A device with a uuid has it from us, and may as well become a VF.</param>
internal sealed record PlanInput(
    Domain Domain,
    Declaration Declaration,
    Host Host,
    ImmutableArray<Record> Others,
    ImmutableArray<Record> Removing,
    ImmutableDictionary<DeviceId, string> Holders,
    HostSettings Settings,
    ImmutableDictionary<SysfsName, string> Failed,
    ImmutableSortedSet<int> Nodes,
    string Boot,
    long Generation,
    bool IsIncoming = false,
    bool TakesVfs = false)
{
    public Placement Placement => Declaration.Placement ?? Settings.Placement;

    public NumaRule Numa => Declaration.Numa ?? Settings.Numa;

    /// <summary>Whether a parent is where the domain is, or the domain is nowhere in particular.</summary>
    public bool IsNear(Parent parent) => Nodes.IsEmpty || (parent.NumaNode is { } node && Nodes.Contains(node));
}
