using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Doctor;

/// <summary>What this host has of VFIO.</summary>
/// <param name="HasGroups">There are IOMMU groups: an IOMMU's, or those that mediated devices bring.</param>
/// <param name="HasNode">There is /dev/vfio/vfio, by which QEMU reaches all groups.</param>
internal sealed record Vfio(bool HasGroups, bool HasNode)
{
    public static Vfio Read(Root root) => new(
        HostFile.List(root.Sys / "kernel/iommu_groups").Count > 0,
        FileStatus.OfLink(root.Vfio / "vfio", out _) is not null);
}
