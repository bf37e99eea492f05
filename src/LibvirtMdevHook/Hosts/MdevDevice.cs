using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>A mediated device that exists, /sys/bus/mdev/devices/UUID.</summary>
/// <param name="Inode">Of its sysfs directory: a device made anew under the same uuid has another.</param>
/// <param name="Type">Of its <c>mdev_type</c> link; null where the dialect has none.</param>
/// <param name="Online">Of its <c>online</c> attribute; null where the dialect has none.</param>
/// <param name="Group">The number of its IOMMU group, the name of its node in /dev/vfio; null while there is none.</param>
internal sealed record MdevDevice(DeviceId Id, HostPath Path, ulong Inode, SysfsName Parent, SysfsName? Type, bool? Online, SysfsName? Group)
{
    /// <returns>Null when there is no such device.</returns>
    public static MdevDevice? Look(Root root, DeviceId id)
    {
        var link = root.MdevDevices / id.Name;
        if (ParentOf(link) is not { } parent || FileStatus.Of(link) is not { } status)
            return null;
        return new MdevDevice(
            id, link, status.Inode, parent,
            Sysfs.LinkName(link / "mdev_type"),
            Sysfs.ReadTrimmed(link / "online") is { } online ? online != "0" : null,
            Sysfs.LinkName(link / "iommu_group"));
    }

    /// <summary>The parent of a device, the last folder but one of where its link points.</summary>
    public static SysfsName? ParentOf(HostPath link)
    {
        var parts = Sysfs.LinkTarget(link)?.Split('/') ?? [];
        return parts.Length > 1 && SysfsName.TryParse(parts[^2], out var parent) ? parent : null;
    }
}
