using System.Collections.Immutable;

namespace LibvirtMdevHook.Domains;

/// <summary>What a domain's metadata asks for. Placement and Numa are null where the configuration of the host decides.</summary>
internal sealed record Declaration(Placement? Placement, NumaRule? Numa, GpuRule Gpu, ImmutableArray<DeclaredHostdev> Hostdevs);
