using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Doctor;

/// <summary>What VFIO has on this host.</summary>
/// <param name="HasGroups">There are IOMMU groups: of an IOMMU, or of mediated devices, which bring their own.</param>
/// <param name="HasNode">/dev/vfio/vfio, by which QEMU reaches all groups.</param>
internal sealed record Vfio(bool HasGroups, bool HasNode)
{
    public static Vfio Read(Root root) => new(
        HostFile.List(root.Sys / "kernel/iommu_groups").Count > 0,
        FileStatus.OfLink(root.Vfio / "vfio", out _) is not null);
}
