using System.Collections.Immutable;

namespace LibvirtMdevHook.Simulator.HostFiles;

/// <summary>The crypto queues of a machine that are bound to vfio_ap: every adapter with every domain.</summary>
/// <param name="Maximum">The highest number that the machine knows of either.</param>
internal sealed record QueuesDescription(ImmutableHashSet<ulong> Adapters, ImmutableHashSet<ulong> Domains, ulong Maximum);
