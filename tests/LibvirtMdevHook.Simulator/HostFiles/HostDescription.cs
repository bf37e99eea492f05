using System.Collections.Immutable;

namespace LibvirtMdevHook.Simulator.HostFiles;

/// <summary>A host as its file describes it.</summary>
/// <param name="Others">Its PCI devices that are no parents.</param>
internal sealed record HostDescription(
    ImmutableArray<ParentDescription> Parents, ImmutableArray<OtherDevice> Others, VfioNodesDescription VfioNodes);
