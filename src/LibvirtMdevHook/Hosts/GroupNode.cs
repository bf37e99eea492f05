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

    /// <returns>Who holds the device, in words; null when nobody does, or only this program, which is removing it or having a look.</returns>
    public static string? Holder(Root root, SysfsName? group)
    {
        if (group is null)
            return null;
        using var node = TryHold(root, group, out var error);
        return error == Errno.EBUSY ? Holders(root, group) : null;
    }

    private static string? Holders(Root root, SysfsName group)
    {
        var holders = Sysfs.List(root.Proc).Where(pid => pid.ToString().All(char.IsAsciiDigit) && Holds(root.Proc / pid / "fd", group)).ToArray();
        if (holders.Length == 0)
            return "a process that is not to be seen from here";
        var own = Sysfs.LinkTarget(root.Proc / "self/exe");
        var others = holders.Where(pid => Sysfs.LinkTarget(root.Proc / pid / "exe") != own)
            .Select(pid => $"'{Sysfs.ReadTrimmed(root.Proc / pid / "comm")}' (pid {pid})").ToArray();
        return others.Length > 0 ? $"process {string.Join(", ", others)}" : null;
    }

    /// <summary>QEMU's own /dev is another mount of the same name, so the end of the link's text tells.</summary>
    private static bool Holds(HostPath descriptors, SysfsName group) =>
        Sysfs.List(descriptors).Any(fd => Sysfs.LinkTarget(descriptors / fd)?.EndsWith($"/vfio/{group}", StringComparison.Ordinal) == true);
}
