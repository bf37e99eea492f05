using System.Runtime.InteropServices;

namespace LibvirtMdevHook.Hosts;

/// <summary>
/// The unit that keeps a device of a guest within the guest's memory. A VF needs one; a mediated
/// device is kept there by the driver of its parent.
/// </summary>
internal static class Iommu
{
    /// <returns>How it is enabled on the architecture, as a clause.</returns>
    public static string Remedy(Architecture architecture) => architecture switch
    {
        Architecture.X86 or Architecture.X64 =>
            "enable the IOMMU (VT-d, AMD-Vi) in the firmware, and with 'intel_iommu=on' on the kernel's command line where it is Intel's",
        Architecture.Arm or Architecture.Arm64 =>
            "enable the SMMU in the firmware, which has to list it in ACPI's table IORT or in the device tree; "
            + "'iommu.passthrough' on the kernel's command line does not bring it",
        _ => "see whether the kernel has found an IOMMU ('journalctl -k --grep=iommu')",
    };
}
