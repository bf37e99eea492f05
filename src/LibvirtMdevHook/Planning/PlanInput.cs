using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;
using LibvirtMdevHook.Settings;

namespace LibvirtMdevHook.Planning;

/// <summary>Everything that a plan is made from.</summary>
/// <param name="Others">Records of other domains.</param>
/// <param name="Removing">The removals of any domain, a record with one claim each.</param>
/// <param name="Holders">
/// The processes that hold declared devices that are being removed, in words.
/// </param>
/// <param name="Failed">
/// The parents that refused a create of this very prepare, and the GPUs several of whose VFs did,
/// with what they answered.
/// </param>
/// <param name="Nodes">The NUMA nodes that the domain is bound to; empty for none.</param>
/// <param name="IsIncoming">
/// The domain comes from another host: a device whose name is taken here gets another name.
/// </param>
/// <param name="TakesVfs">
/// The program made up the uuids of the devices, so that a VF serves as well.
/// </param>
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
    Moment Generation,
    bool IsIncoming = false,
    bool TakesVfs = false)
{
    /// <summary>The records that a newer version of the program wrote, of any domain.</summary>
    public ImmutableArray<NewerRecord> Newer { get; init; } = [];

    /// <summary>
    /// The other domains whose devices a process is making now. A domain whose start was broken off
    /// is none of them.
    /// </summary>
    public ImmutableHashSet<Guid> Starting { get; init; } = [];

    /// <summary>
    /// The GPUs that refused a second framebuffer size of the domain to this very prepare: the two
    /// types, and what was answered.
    /// </summary>
    public ImmutableDictionary<SysfsName, string> OneSize { get; init; } = ImmutableDictionary<SysfsName, string>.Empty;

    public Placement Placement => Declaration.Placement ?? Settings.Placement;

    public NumaRule Numa => Declaration.Numa ?? Settings.Numa;

    /// <summary>
    /// Whether a parent is on a NUMA node of the domain, or the domain is bound to none.
    /// </summary>
    public bool IsNear(Parent parent) => Nodes.IsEmpty || (parent.NumaNode is { } node && Nodes.Contains(node));
}
