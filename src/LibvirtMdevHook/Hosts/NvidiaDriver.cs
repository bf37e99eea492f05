using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>
/// Recognises NVIDIA's devices and those that its driver drives. Some rules hold for them alone.
/// </summary>
internal static class NvidiaDriver
{
    /// <summary>The name of the kernel driver, and of the folder that it adds to a VF.</summary>
    public const string Name = "nvidia";

    /// <summary>
    /// NVIDIA's PCI vendor id, as the attribute <c>vendor</c> of a PCI device has it.
    /// </summary>
    public const string Vendor = "0x10de";

    /// <summary>
    /// Where the driver writes more than the one errno that it has for nearly everything.
    /// </summary>
    public const string Logs = "'journalctl -u nvidia-vgpu-mgr' and the kernel's log say why";

    private static readonly Version FirstWithTypesOfVfs = new(6, 8);

    /// <returns>
    /// True on a kernel before 6.8, on which the driver makes VFs parents of mediated devices.
    /// False where the release is not known.
    /// </returns>
    public static bool MakesMdevs(Root root) => KernelRelease.Of(root) is { } release && release < FirstWithTypesOfVfs;

    /// <returns>True when NVIDIA's driver is bound to the device.</returns>
    /// <exception cref="IOException">The link to the driver cannot be read.</exception>
    public static bool Drives(HostPath device) => HostFile.LinkName(device / "driver")?.ToString() == Name;

    /// <returns>
    /// True when NVIDIA's driver is bound to the device, and also when the link to its driver
    /// cannot be read.
    /// </returns>
    public static bool MayDrive(HostPath device)
    {
        var driver = HostFile.LinkTarget(device / "driver", out var error);
        if (driver is null)
            return !error.IsAbsent;
        return driver.EndsWith($"/{Name}", StringComparison.Ordinal);
    }

    /// <returns>
    /// True when the module is loaded without which the driver makes no vGPUs. Only NVIDIA's driver
    /// for hosts of vGPUs has it.
    /// </returns>
    public static bool HasVgpuModule(Root root) => FileStatus.Of(root.Sys / "module/nvidia_vgpu_vfio", out _) is not null;

    /// <returns>True when NVIDIA made the device, whatever its driver is.</returns>
    public static bool Made(HostPath device) => HostFile.ReadTrimmed(device / "vendor") == Vendor;
}
