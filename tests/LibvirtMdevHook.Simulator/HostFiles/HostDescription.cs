using System.Collections.Immutable;

namespace LibvirtMdevHook.Simulator.HostFiles;

/// <summary>A host as its file describes it.</summary>
internal sealed record HostDescription(ImmutableArray<ParentDescription> Parents, VfioNodesDescription VfioNodes);
