using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>
/// The node of an IOMMU group, /dev/vfio/N. The kernel lets one process open it (Documentation/driver-api/vfio.rst): EBUSY means that the
/// device is held, and who has it open keeps others from taking the device.
/// </summary>
internal static class VfioGroup
{
    /// <summary>Opens the node if it is free; kept open across a remove, nobody can take the device in between.</summary>
    /// <returns>Null when it is held, or (with another errno) when it cannot be opened at all.</returns>
    public static Descriptor? TryHold(Root root, SysfsName group, out Errno error) =>
        Descriptor.Open((root.Vfio / group).Text, Libc.O_RDWR, out error);

    /// <summary>
    /// The group of a device that may have left its bus already: while the kernel waits for whoever has the device open, a removal has
    /// taken the link from the bus, and the device's folder stays below its parent.
    /// </summary>
    public static SysfsName? Of(Root root, DeviceId device, SysfsName parent) =>
        OfPath(HostDevice.PathOf(root, device)) ?? OfPath(Dialect.ParentPath(root, parent) / device.Name);

    /// <returns>Its number; null where it has none. What is no number is not the name of its node: /dev/vfio/vfio is all groups'.</returns>
    public static SysfsName? OfPath(HostPath device) =>
        HostFile.LinkName(device / "iommu_group") is { } group && group.ToString().All(char.IsAsciiDigit) ? group : null;

    /// <summary>Looks through /proc and opens nothing: a QEMU that opens its device at that moment would get EBUSY.</summary>
    /// <returns>Who holds the device, in words; null when nobody does that is to be seen from here, or only our own worker.</returns>
    public static string? Holder(Root root, SysfsName? group)
    {
        if (group is null)
            return null;
        var node = FileStatus.Of(root.Vfio / group, out _);
        var own = HostFile.LinkTarget(root.Proc / "self/exe", out _);
        var holders = HostFile.List(root.Proc).Where(pid => pid.ToString().All(char.IsAsciiDigit) && Holds(root.Proc / pid / "fd", group, node))
            .Where(pid => HostFile.LinkTarget(root.Proc / pid / "exe", out _) != own)
            .Select(pid => $"'{HostFile.ReadTrimmed(root.Proc / pid / "comm")}' (pid {pid})").ToArray();
        return holders.Length > 0 ? $"process {string.Join(", ", holders)}" : null;
    }

    /// <summary>The link's text comes first: to ask for the status of any file that some process has open could hang.</summary>
    /// <param name="node">Null when it is gone from /dev: then the text alone tells, which has a mark where the file was deleted.</param>
    private static bool Holds(HostPath descriptors, SysfsName group, FileStatus? node) =>
        HostFile.List(descriptors).Any(fd => HostFile.LinkTarget(descriptors / fd, out _) is { } target
            && (node is null
                ? target.EndsWith($"/vfio/{group} (deleted)", StringComparison.Ordinal)
                : target.EndsWith($"/vfio/{group}", StringComparison.Ordinal) && FileStatus.Of(descriptors / fd, out _)?.IsSameAs(node) == true));
}
