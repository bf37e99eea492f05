using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>
/// The node of an IOMMU group, /dev/vfio/N. The kernel lets one process open it (Documentation/driver-api/vfio.rst): EBUSY means that the
/// device is held, and who has it open keeps others from taking the device.
/// </summary>
internal static class GroupNode
{
    /// <summary>Opens the node if it is free; kept open across a remove, nobody can take the device in between.</summary>
    /// <returns>Null when it is held, or (with another errno) when it cannot be opened at all.</returns>
    public static Descriptor? TryHold(Root root, SysfsName group, out Errno error) =>
        Descriptor.Open((root.Vfio / group).Text, Libc.O_RDWR, out error);

    /// <summary>Looks through /proc and opens nothing: a QEMU that opens its device at that moment would get EBUSY.</summary>
    /// <returns>Who holds the device, in words; null when nobody does that is to be seen from here, or only our own worker.</returns>
    public static string? Holder(Root root, SysfsName? group)
    {
        if (group is null || FileStatus.Of(root.Vfio / group) is not { } node)
            return null;
        var own = Sysfs.LinkTarget(root.Proc / "self/exe");
        var holders = Sysfs.List(root.Proc).Where(pid => pid.ToString().All(char.IsAsciiDigit) && Holds(root.Proc / pid / "fd", group, node))
            .Where(pid => Sysfs.LinkTarget(root.Proc / pid / "exe") != own)
            .Select(pid => $"'{Sysfs.ReadTrimmed(root.Proc / pid / "comm")}' (pid {pid})").ToArray();
        return holders.Length > 0 ? $"process {string.Join(", ", holders)}" : null;
    }

    /// <summary>The link's text comes first: to ask for the status of any file that some process has open could hang.</summary>
    private static bool Holds(HostPath descriptors, SysfsName group, FileStatus node) =>
        Sysfs.List(descriptors).Any(fd => Sysfs.LinkTarget(descriptors / fd)?.EndsWith($"/vfio/{group}", StringComparison.Ordinal) == true
            && FileStatus.Of(descriptors / fd)?.IsSameAs(node) == true);
}
