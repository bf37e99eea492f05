using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>Why a GPU of NVIDIA's, or a VF of one, is no parent, and what to do.</summary>
internal static class NvidiaObstacle
{
    private const string Logs = "'journalctl -k' and 'journalctl -b -u nvidia-vgpud -u nvidia-vgpu-mgr' say why";

    private const string LoadModule = "run 'modprobe nvidia_vgpu_vfio'; if there is no such module, install NVIDIA's vGPU host package "
        + "(...-vgpu-kvm), and if it cannot be loaded, 'journalctl -k' says why";

    private const string SupportsIt = "'journalctl -b -u nvidia-vgpud' says whether the driver supports this GPU";

    /// <param name="vf">A VF that shows no types.</param>
    public static GpuObstacle OfVf(Root root, PciDevice vf)
    {
        var what = $"is a VF without {(NvidiaDriver.MakesMdevs(root) ? "mdev_supported_types" : "nvidia/current_vgpu_type")}";
        if (vf.Driver?.ToString() != NvidiaDriver.Name)
            return new GpuObstacle($"{what}, as it has {vf.DriverInWords}", $"bind it to NVIDIA's vGPU driver: {HowToBind(vf)}");
        if (!NvidiaDriver.HasVgpuModule(root))
            return new GpuObstacle($"{what}, as its driver 'nvidia' is there without its module nvidia_vgpu_vfio", LoadModule);
        return new GpuObstacle($"{what}, though its driver 'nvidia' and the module nvidia_vgpu_vfio are there", Logs);
    }

    /// <returns>
    /// Null for a device that is no GPU, and for a PF whose VFs are, or have to be, enabled.
    /// </returns>
    public static GpuObstacle? OfGpu(Root root, PciDevice gpu)
    {
        if (!gpu.IsGpu)
            return null;
        if (gpu.Driver?.ToString() != NvidiaDriver.Name)
            return new GpuObstacle($"has {gpu.DriverInWords}, and makes no vGPUs", $"if it is to make some, {HowToBind(gpu)}");
        if (!NvidiaDriver.HasVgpuModule(root))
            return new GpuObstacle("has the driver 'nvidia' without its module nvidia_vgpu_vfio, and makes no vGPUs", LoadModule);
        return HostFile.ReadTrimmed(gpu.Path / "sriov_totalvfs") is null or "0" ? WithoutVfs(gpu) : null;
    }

    /// <summary>GPUs of the Ampere generation and later make vGPUs by VFs only.</summary>
    private static GpuObstacle WithoutVfs(PciDevice gpu)
    {
        if (gpu.Class is { } displays && displays.StartsWith("0x0300", StringComparison.Ordinal))
        {
            return new GpuObstacle(
                "makes no vGPUs: its display is on (class 0x0300), and it has no VFs (sriov_totalvfs)",
                "if it is of the Ampere generation or later, run NVIDIA's 'displaymodeselector --gpumode physical_display_disabled', "
                    + $"and enable SR-IOV and ARI in the firmware; {SupportsIt}");
        }

        return new GpuObstacle(
            "makes no vGPUs, and has no VFs (sriov_totalvfs)",
            $"if it is of the Ampere generation or later, enable SR-IOV and ARI in the firmware; {SupportsIt}");
    }

    private static string HowToBind(PciDevice device) => device.Driver?.ToString() switch
    {
        null => $"run 'echo {device.Name} > /sys/bus/pci/drivers/nvidia/bind' once that driver is loaded",
        "vfio-pci" => $"run 'virsh nodedev-reattach {device.NodeDevice}'; managed='yes' of some domain may have taken it away",
        "nouveau" => "install NVIDIA's vGPU host package (...-vgpu-kvm), put the line 'blacklist nouveau' into a file of "
            + "'/etc/modprobe.d', and boot again",
        var other => $"run 'echo {device.Name} > /sys/bus/pci/drivers/{other}/unbind' and the same with nvidia/bind",
    };
}
