using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>
/// A device that exists: a mediated device, /sys/bus/mdev/devices/UUID, or the vGPU of a VF that
/// has a type.
/// </summary>
/// <param name="Inode">
/// The inode of its sysfs directory. It changes when the device is created again under the same
/// uuid, or the VF is enabled again.
/// </param>
/// <param name="Parent">The parent's name; for a VF, its own name.</param>
/// <param name="Type">
/// From its <c>mdev_type</c> link or <c>current_vgpu_type</c>; null where the dialect has none of
/// them, or it cannot be read.
/// </param>
/// <param name="Online">
/// From its <c>online</c> attribute; null where the dialect has none, or the driver shows nothing
/// in it.
/// </param>
/// <param name="Nodes">By which nodes in /dev/vfio a process can have it open.</param>
internal sealed record HostDevice(
    DeviceId Id, HostPath Path, ulong Inode, SysfsName Parent, SysfsName? Type, bool? Online, VfioNodes Nodes)
{
    /// <returns>Null when there is no such device.</returns>
    /// <exception cref="IOException">
    /// It cannot be looked at, also because its GPU does not answer.
    /// </exception>
    public static HostDevice? Look(Root root, DeviceId id)
    {
        if (PhysicalGpu.Of(root, id) is not { } gpu)
            return null;
        return AsksDriver(root, id) ? GpuRead.Of(root, gpu, () => Read(root, id)) : Read(root, id);
    }

    /// <summary>
    /// The same without a limit, for a thread that may wait for the driver.
    /// </summary>
    public static HostDevice? Read(Root root, DeviceId id)
    {
        var path = PathOf(root, id);
        return id.Address is not null ? LookAtVf(path, id) : LookAtMdev(path, id);
    }

    /// <summary>
    /// Whether a look at the device reads an attribute that its driver answers. Links and folders
    /// are the kernel's own.
    /// </summary>
    public static bool AsksDriver(Root root, DeviceId id) =>
        id.Address is not null || FileStatus.Of(PathOf(root, id) / "online", out _) is not null;

    /// <returns>The path of the device, whether or not it exists.</returns>
    public static HostPath PathOf(Root root, DeviceId id) =>
        id.Address is { } address ? VirtualFunction.PathOf(root, address) : root.MdevDevices / id.Name;

    /// <summary>
    /// The link of a device leads to a folder below /sys/devices. The parent is the last folder but
    /// one of that path.
    /// </summary>
    /// <returns>Null when there is no such link.</returns>
    public static SysfsName? ParentOf(HostPath link)
    {
        if (HostFile.LinkTarget(link)?.Split('/') is not ["..", "..", "..", "devices", .. var folders])
            return null;
        if (folders.Length < 2 || folders.Contains(".."))
            return null;
        return SysfsName.TryParse(folders[^2], out var parent) ? parent : null;
    }

    private static HostDevice? LookAtMdev(HostPath path, DeviceId id)
    {
        if (ParentOf(path) is not { } parent || FileStatus.Of(path) is not { } status)
            return null;
        var type = HostFile.LinkName(path / "mdev_type");
        bool? isOnline = HostFile.ReadTrimmed(path / "online") is { Length: > 0 } online ? online != "0" : null;
        return new HostDevice(id, path, status.Inode, parent, type, isOnline, VfioNodes.OfPath(path));
    }

    private static HostDevice? LookAtVf(HostPath path, DeviceId id)
    {
        if (!VirtualFunction.HasType(path, out var type) || FileStatus.Of(path) is not { } status)
            return null;
        return new HostDevice(id, path, status.Inode, id.Name, type, null, VfioNodes.OfPath(path));
    }
}
