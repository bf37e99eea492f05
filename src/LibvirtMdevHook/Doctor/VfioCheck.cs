using LibvirtMdevHook.Hosts;

namespace LibvirtMdevHook.Doctor;

/// <summary>Whether libvirt can give devices to QEMU by VFIO.</summary>
internal static class VfioCheck
{
    private const string EnableIommu =
        "enable the IOMMU (VT-d, AMD-Vi) in the firmware, and with 'intel_iommu=on' on the kernel's command line where it is Intel's";

    /// <param name="host">Null when it could not be read.</param>
    public static IEnumerable<Finding> Of(Vfio vfio, Host? host)
    {
        if (vfio is { HasGroups: true, HasNode: true })
            yield return Finding.Well("VFIO is there, and IOMMU groups are");
        if (!vfio.HasNode)
        {
            yield return Finding.Wrong(
                "there is no '/dev/vfio/vfio', without which libvirt starts no domain with a vGPU",
                "run 'modprobe vfio-pci', and put 'vfio-pci' into /etc/modules-load.d for the next boot");
        }

        if (vfio.HasGroups)
            yield break;
        if (host?.Parents.Any(p => p.Dialect == Dialect.Vf) == true)
            yield return Finding.Wrong("there are no IOMMU groups, without which QEMU cannot be given a VF", EnableIommu);
        else
            yield return Finding.Hint("there are no IOMMU groups: mediated devices bring their own, VFs need an IOMMU", EnableIommu);
    }
}
