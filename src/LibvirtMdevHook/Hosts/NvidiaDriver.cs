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
    private const string Vendor = "0x10de";

    /// <summary>
    /// Where the driver writes more than the one errno that it has for nearly everything.
    /// </summary>
    public const string Logs = "'journalctl -u nvidia-vgpu-mgr' and the kernel's log say why";

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

    /// <returns>True when NVIDIA made the device, whatever its driver is.</returns>
    public static bool Made(HostPath device) => HostFile.ReadTrimmed(device / "vendor") == Vendor;
}
