using LibvirtMdevHook.Hosts;

namespace LibvirtMdevHook.Doctor;

/// <summary>Whether QEMU can be given devices by VFIO.</summary>
internal static class VfioCheck
{
    private const string Topic = "vfio";

    /// <param name="host">Null when it could not be read.</param>
    public static IEnumerable<Finding> Of(Vfio vfio, Host? host)
    {
        const string remedy = "enable the IOMMU (VT-d, AMD-Vi) in the firmware, and with 'intel_iommu=on' on the kernel's command line where it is Intel's";
        if (!vfio.HasNode)
            yield return Finding.Wrong(
                Topic,
                "there is no '/dev/vfio/vfio', without which libvirt starts no domain with a vGPU",
                "run 'modprobe vfio-pci', and put 'vfio-pci' into /etc/modules-load.d for the next boot");
        if (!vfio.HasGroups && host?.Parents.Any(p => p.Dialect == Dialect.Vf) == true)
            yield return Finding.Wrong(Topic, "there are no IOMMU groups, without which QEMU cannot be given a VF", remedy);
        else if (!vfio.HasGroups)
            yield return Finding.Hint(Topic, "there are no IOMMU groups: mediated devices bring their own, VFs need an IOMMU", remedy);
        if (vfio is { HasGroups: true, HasNode: true })
            yield return Finding.Well(Topic, "VFIO is there, and IOMMU groups are");
    }
}
