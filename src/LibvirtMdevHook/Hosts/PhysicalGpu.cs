using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>
/// The physical device behind a parent, a VF or a mediated device. It is found by links alone,
/// which the kernel follows without asking the driver.
/// </summary>
internal static class PhysicalGpu
{
    /// <param name="path">The folder of the device in its bus or class.</param>
    /// <returns>The PF of a VF; otherwise the device itself.</returns>
    public static SysfsName Of(SysfsName device, HostPath path) => HostFile.LinkName(path / "physfn") ?? device;

    /// <returns>Null for a mediated device that does not exist.</returns>
    public static SysfsName? Of(Root root, DeviceId device)
    {
        var path = HostDevice.PathOf(root, device);
        if (device.Address is { } address)
            return Of(address.Name, path);
        return HostDevice.ParentOf(path) is { } parent ? Of(parent, Dialect.ParentPath(root, parent)) : null;
    }

    /// <param name="file">
    /// The path of a file of sysfs as the kernel has it, without any link in it.
    /// </param>
    /// <returns>Null when the file belongs to no device that can be a parent.</returns>
    public static SysfsName? OfFile(Root root, string file)
    {
        for (var end = file.LastIndexOf('/'); end > 0; end = file.LastIndexOf('/', end - 1))
        {
            var folder = file[..end];
            if (!SysfsName.TryParse(folder[(folder.LastIndexOf('/') + 1)..], out var name))
                continue;
            var isPciDevice = FileStatus.Of(root.PciDevices / name, out _) is not null;
            if (isPciDevice || FileStatus.Of(root.Sys / "class/mdev_bus" / name, out _) is not null)
                return Of(name, new HostPath(folder));
        }

        return null;
    }
}
