using System.Collections.Immutable;

namespace LibvirtMdevHook.Simulator.Hosts;

/// <summary>A host as its file describes it.</summary>
internal sealed record HostDescription(ImmutableArray<ParentDescription> Parents);
