using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>
/// The node of an IOMMU group, /dev/vfio/N. The kernel lets only one process open it
/// (Documentation/driver-api/vfio.rst). EBUSY means that a process holds the device; while it is
/// open, no other process can take the device.
/// </summary>
internal static class VfioGroup
{
    /// <summary>
    /// Opens the node if it is free. While it stays open, across a remove, no other process can
    /// take the device.
    /// </summary>
    /// <returns>
    /// Null when the device is held (EBUSY), or when the node cannot be opened (any other errno).
    /// </returns>
    public static Descriptor? TryHold(Root root, SysfsName group, out Errno error) =>
        Descriptor.Open((root.Vfio / group).Text, Libc.O_RDWR, out error);

    /// <summary>
    /// Finds the group of a device that may have left its bus already. A removal deletes the
    /// device's link in the bus first, and then waits for the process that has the device open;
    /// meanwhile its folder stays below its parent.
    /// </summary>
    public static SysfsName? Of(Root root, DeviceId device, SysfsName parent) =>
        OfPath(HostDevice.PathOf(root, device)) ?? OfPath(Dialect.ParentPath(root, parent) / device.Name);

    /// <returns>
    /// The number of the device's group; null where it has none. Other names are ignored, as
    /// /dev/vfio/vfio is the container of all groups.
    /// </returns>
    public static SysfsName? OfPath(HostPath device)
    {
        var group = HostFile.LinkName(device / "iommu_group");
        return group?.ToString().All(char.IsAsciiDigit) == true ? group : null;
    }

    /// <summary>
    /// Finds the processes that have the node open by reading /proc. It does not open the node: a
    /// QEMU that opens its device at that moment would get EBUSY.
    /// </summary>
    /// <returns>
    /// The processes in words; null when no process that this one can see has the node open, apart
    /// from workers of this program.
    /// </returns>
    public static string? Holder(Root root, SysfsName? group)
    {
        if (group is null)
            return null;
        var node = FileStatus.Of(root.Vfio / group, out _);
        var ownProgram = HostFile.LinkTarget(root.Proc / "self/exe", out _);
        var holders = new List<string>();
        foreach (var pid in HostFile.List(root.Proc).Where(name => name.ToString().All(char.IsAsciiDigit)))
        {
            var process = root.Proc / pid;
            if (!HasOpen(process / "fd", group, node) || HostFile.LinkTarget(process / "exe", out _) == ownProgram)
                continue;
            holders.Add($"'{HostFile.ReadTrimmed(process / "comm")}' (pid {pid})");
        }

        return holders.Count > 0 ? $"process {string.Join(", ", holders)}" : null;
    }

    private static bool HasOpen(HostPath descriptors, SysfsName group, FileStatus? node) =>
        HostFile.List(descriptors).Any(fd => IsNode(descriptors / fd, group, node));

    /// <summary>
    /// Compares the text of the link first: reading the status of every file that a process has
    /// open could hang. Where the node is deleted, the text alone decides; the kernel adds a mark
    /// to it then.
    /// </summary>
    /// <param name="node">The status of the node; null when it is deleted from /dev.</param>
    private static bool IsNode(HostPath descriptor, SysfsName group, FileStatus? node)
    {
        if (HostFile.LinkTarget(descriptor, out _) is not { } target)
            return false;
        if (node is null)
            return target.EndsWith($"/vfio/{group} (deleted)", StringComparison.Ordinal);
        return target.EndsWith($"/vfio/{group}", StringComparison.Ordinal)
            && FileStatus.Of(descriptor, out _)?.IsSameAs(node) == true;
    }
}
