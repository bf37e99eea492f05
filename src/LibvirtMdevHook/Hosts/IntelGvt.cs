using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>Why a GPU of Intel's makes no mediated devices by GVT-g, and what to do.</summary>
internal static class IntelGvt
{
    private const string Generations = "Intel's GPUs from the 11th generation on have no GVT-g";

    private const string SwitchOn =
        $"put 'i915.enable_gvt=1' on the kernel's command line, boot again, and run 'modprobe kvmgt'; {Generations}";

    /// <param name="gpu">A GPU that is no parent.</param>
    /// <returns>Null where GVT-g has nothing to do with it.</returns>
    public static GpuObstacle? ObstacleOf(Root root, PciDevice gpu)
    {
        if (gpu.Vendor != PciDevice.Intel || !gpu.IsGpu)
            return null;
        return gpu.Driver?.ToString() switch
        {
            "xe" => new GpuObstacle(
                "has the driver 'xe', which has no GVT-g",
                "where it has SR-IOV, libvirt passes its VFs through without a declaration") { IsByDesign = true },
            "i915" => OfI915(root),
            _ => null,
        };
    }

    private static GpuObstacle OfI915(Root root)
    {
        var isOn = HostFile.Read(root.Sys / "module/i915/parameters/enable_gvt", out var error)?.Trim();
        if (isOn is null && error.IsAbsent)
        {
            return new GpuObstacle(
                "has the driver 'i915' of a kernel without GVT-g (CONFIG_DRM_I915_GVT)", $"boot a kernel that has it; {Generations}");
        }

        if (isOn is null)
            return new GpuObstacle($"makes no vGPUs, and whether GVT-g is on cannot be read ({error.Name})", SwitchOn);
        if (isOn != "Y")
            return new GpuObstacle($"makes no vGPUs, as GVT-g is off (enable_gvt={isOn})", SwitchOn);
        if (FileStatus.Of(root.Sys / "module/kvmgt", out _) is null)
            return new GpuObstacle("makes no vGPUs, as the module kvmgt of GVT-g is not loaded", $"run 'modprobe kvmgt'; {Generations}");
        return new GpuObstacle("makes no vGPUs, though GVT-g is on and kvmgt is loaded", $"'journalctl -k' says why; {Generations}");
    }
}
