using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>
/// The VFIO nodes by which a process can have a device open: the node of its IOMMU group,
/// /dev/vfio/N, and its own node, the cdev /dev/vfio/devices/vfioM. The kernel lets only one
/// process open a group (Documentation/driver-api/vfio.rst), and refuses that with EBUSY once a
/// process has bound the cdev to an iommufd, as QEMU does right after it has opened it
/// (drivers/vfio/device_cdev.c). A cdev is never opened here: that keeps nobody out, and makes our
/// own remove wait.
/// </summary>
/// <param name="Group">
/// The number of the device's IOMMU group, which is the name of its node; null where it has none,
/// as mediated devices on a kernel without CONFIG_VFIO_GROUP.
/// </param>
/// <param name="Cdev">
/// The device's name in its folder <c>vfio-dev</c> (since Linux 6.1); null where it has none.
/// </param>
internal sealed record VfioNodes(SysfsName? Group, SysfsName? Cdev)
{
    /// <summary>No VFIO driver has taken the device.</summary>
    public bool IsEmpty => Group is null && Cdev is null;

    /// <summary>
    /// Finds the nodes of a device that may have left its bus already. A removal deletes the
    /// device's link in the bus first, and then waits for the process that has the device open;
    /// meanwhile its folder stays below its parent.
    /// </summary>
    public static VfioNodes Of(Root root, DeviceId device, SysfsName parent)
    {
        var nodes = OfPath(HostDevice.PathOf(root, device));
        return nodes.IsEmpty ? OfPath(Dialect.ParentPath(root, parent) / device.Name) : nodes;
    }

    /// <param name="device">The folder of the device.</param>
    public static VfioNodes OfPath(HostPath device) => new(GroupOf(device), CdevOf(device));

    /// <summary>
    /// Opens the group's node if it is free. While it stays open, across a remove, no other process
    /// can take the device.
    /// </summary>
    /// <returns>
    /// Null when the device is held (EBUSY), or when the node cannot be opened (any other errno).
    /// </returns>
    public static Descriptor? TryHold(Root root, SysfsName group, out Errno error) =>
        Descriptor.Open((root.Vfio / group).Text, Libc.O_RDWR, out error);

    /// <returns>
    /// The node that is there for QEMU to open: the group's where there is one, otherwise the cdev;
    /// null where there is neither.
    /// </returns>
    public HostPath? NodeIn(Root root)
    {
        if (HasGroupNode(root))
            return root.Vfio / Group!;
        return Cdev is not null && FileStatus.Of(root.VfioCdevs / Cdev) is not null ? root.VfioCdevs / Cdev : null;
    }

    /// <summary>
    /// Only a look through /proc can tell who has the device: there is no group's node that could
    /// be opened.
    /// </summary>
    public bool IsCdevAlone(Root root) => Cdev is not null && !HasGroupNode(root);

    private bool HasGroupNode(Root root) => Group is not null && FileStatus.Of(root.Vfio / Group) is not null;

    /// <summary>
    /// Other names than numbers are ignored, as /dev/vfio/vfio is the container of all groups.
    /// </summary>
    private static SysfsName? GroupOf(HostPath device)
    {
        var group = HostFile.LinkName(device / "iommu_group");
        return group?.ToString().All(char.IsAsciiDigit) == true ? group : null;
    }

    /// <exception cref="IOException">
    /// The folder cannot be read. A caller that took it for empty would take a held device for free.
    /// </exception>
    private static SysfsName? CdevOf(HostPath device)
    {
        var folder = device / "vfio-dev";
        if (FileStatus.Of(folder) is not { IsDirectory: true })
            return null;
        var names = HostFile.List(folder, out var error);
        if (!error.IsNone && !error.IsAbsent)
            throw new HostException($"cannot read the folder '{folder}'", error);
        return names.FirstOrDefault(name => name.ToString().StartsWith("vfio", StringComparison.Ordinal));
    }
}
