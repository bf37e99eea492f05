using System.Collections.Immutable;

namespace LibvirtMdevHook.Domains;

/// <summary>What a domain's metadata asks for.</summary>
/// <param name="Placement">Null where the host's configuration decides.</param>
/// <param name="Numa">Null where the host's configuration decides.</param>
internal sealed record Declaration(Placement? Placement, NumaRule? Numa, GpuRule Gpu, ImmutableArray<DeclaredHostdev> Hostdevs);
