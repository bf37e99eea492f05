using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>
/// A device on which mediated devices are created, or a VF that takes a type itself.
/// </summary>
/// <param name="Name">Its name in sysfs: <c>0000:86:00.0</c>, <c>mtty</c>, <c>0.0.0023</c>.</param>
/// <param name="Gpu">The physical device: the PF of a VF, otherwise the parent itself.</param>
/// <param name="RunsOneSize">
/// True for NVIDIA's GPUs: beside an existing device, only types of the same framebuffer size fit.
/// </param>
/// <param name="NumaNode">Null when the kernel does not know it.</param>
/// <param name="HasTypes">
/// False for a parent of the 2016 interface whose vendor has no predefined types.
/// </param>
/// <param name="Types">Only the requested types, in the order of their ids.</param>
/// <param name="Seen">
/// Types that its GPU showed earlier and does not show now: only for messages, never for a
/// decision.
/// </param>
/// <param name="Reason">
/// Why its types cannot be read, as a clause; null when they were read.
/// </param>
internal sealed record Parent(
    SysfsName Name,
    SysfsName Gpu,
    HostPath Path,
    Dialect Dialect,
    bool RunsOneSize,
    int? NumaNode,
    bool HasTypes,
    ImmutableArray<MdevType> Types,
    ImmutableArray<MdevType> Seen,
    Reason? Reason)
{
    /// <summary>
    /// <see cref="Types"/> has all types of the parent, if only with their names.
    /// </summary>
    public bool NamesAllTypes { get; init; }

    /// <summary>It is a VF of its GPU, whatever its dialect.</summary>
    public bool IsVf => Name != Gpu;

    /// <summary>Its types have framebuffers in their names or descriptions.</summary>
    public bool IsNvidias => RunsOneSize || Dialect == Dialect.Vf;

    /// <summary>A PF whose VFs are not enabled. No device can be created on it.</summary>
    public bool HasDisabledVfs => Dialect == Dialect.Vf && !IsVf;

    /// <returns>
    /// True when the name means the parent itself, or the PF to which it belongs.
    /// </returns>
    public bool IsOn(ParentName name) => name.Names(Name, ReadSubsystem) || name.Names(Gpu, ReadSubsystem);

    private SysfsName? ReadSubsystem() => HostFile.LinkName(Path / "subsystem");
}
