using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>A device that mediated devices are made on, or a VF that takes a type itself.</summary>
/// <param name="Name">Its name in sysfs: <c>0000:86:00.0</c>, <c>mtty</c>, <c>0.0.0023</c>.</param>
/// <param name="Gpu">The physical device: the PF of a VF, otherwise the parent itself.</param>
/// <param name="RunsOneSize">NVIDIA: as soon as one device exists, types of another framebuffer size cannot be had.</param>
/// <param name="NumaNode">Null when the kernel does not know it.</param>
/// <param name="HasTypes">False for a 2016 parent of a vendor without predefined types.</param>
/// <param name="Types">Only what the reading was asked for, in the order of their ids.</param>
/// <param name="Seen">Types that its GPU does not show now and showed earlier: for words, never for a decision.</param>
/// <param name="Reason">Why its types cannot be read, as half a sentence; null when they can.</param>
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
    string? Reason)
{
    /// <summary>A PF whose VFs are not enabled; nothing can be made on it.</summary>
    public bool HasDisabledVfs => Dialect == Dialect.Vf && Name == Gpu;

    public bool IsNamedBy(ParentName name) => name.Names(Name, () => HostFile.LinkName(Path / "subsystem"));

    /// <summary>The parent itself or the PF it belongs to.</summary>
    public bool IsOn(ParentName name) => IsNamedBy(name) || name.Names(Gpu, () => HostFile.LinkName(Path / "subsystem"));
}
