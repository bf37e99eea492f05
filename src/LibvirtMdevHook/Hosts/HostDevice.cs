using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>A device that exists: a mediated device, /sys/bus/mdev/devices/UUID, or the vGPU of a VF that has a type.</summary>
/// <param name="Inode">Of its sysfs directory: a device made anew under the same uuid has another, and so has a VF that was enabled anew.</param>
/// <param name="Parent">A VF's is the VF itself.</param>
/// <param name="Type">Of its <c>mdev_type</c> link or <c>current_vgpu_type</c>; null where the dialect has none, or it cannot be read.</param>
/// <param name="Online">Of its <c>online</c> attribute; null where the dialect has none, or the driver shows nothing.</param>
/// <param name="Group">The number of its IOMMU group, the name of its node in /dev/vfio; null while there is none.</param>
internal sealed record HostDevice(DeviceId Id, HostPath Path, ulong Inode, SysfsName Parent, SysfsName? Type, bool? Online, SysfsName? Group)
{
    /// <returns>Null when there is no such device.</returns>
    public static HostDevice? Look(Root root, DeviceId id)
    {
        var link = PathOf(root, id);
        if (id.Address is not null)
            return LookAtVf(link, id);
        if (ParentOf(link) is not { } parent || FileStatus.Of(link) is not { } status)
            return null;
        return new HostDevice(
            id, link, status.Inode, parent,
            HostFile.LinkName(link / "mdev_type"),
            HostFile.ReadTrimmed(link / "online") is { Length: > 0 } online ? online != "0" : null,
            VfioGroup.OfPath(link));
    }

    /// <summary>Where the device is, whether or not it exists.</summary>
    public static HostPath PathOf(Root root, DeviceId id) =>
        id.Address is { } address ? VirtualFunction.PathOf(root, address) : root.MdevDevices / id.Name;

    /// <summary>The parent of a device, the last folder but one of where its link points, which is below /sys/devices.</summary>
    public static SysfsName? ParentOf(HostPath link) =>
        HostFile.LinkTarget(link)?.Split('/') is ["..", "..", "..", "devices", .. var way] && way.Length > 1 && !way.Contains("..")
            && SysfsName.TryParse(way[^2], out var parent) ? parent : null;

    private static HostDevice? LookAtVf(HostPath path, DeviceId id) =>
        VirtualFunction.HasType(path, out var type) && FileStatus.Of(path) is { } status
            ? new HostDevice(id, path, status.Inode, id.Name, type, null, VfioGroup.OfPath(path))
            : null;
}
