using System.Globalization;

namespace LibvirtMdevHook.Linux;

/// <summary>
/// The flocks that any process holds, as /proc/locks lists them
/// (Documentation/filesystems/locking.rst). To find out by trying to take a lock would keep it, for
/// a moment, from a process that needs it.
/// </summary>
internal sealed class HeldLocks
{
    private readonly HashSet<(ulong Device, ulong Inode)> _files;

    private HeldLocks(HashSet<(ulong Device, ulong Inode)> files) => _files = files;

    /// <returns>Null when /proc/locks cannot be read.</returns>
    public static HeldLocks? Read(Root root) =>
        HostFile.ReadTable(root.Proc / "locks", out _) is { } text ? Parse(text) : null;

    public static HeldLocks Parse(string text) =>
        new([.. text.Split('\n').Select(FileOf).OfType<(ulong, ulong)>()]);

    public bool Has(HostPath file) =>
        FileStatus.OfLink(file, out _) is { } status && _files.Contains((status.Device, status.Inode));

    /// <summary>
    /// A line is <c>1: FLOCK  ADVISORY  WRITE 4711 fe:00:11683808 0 EOF</c>. That of a process that
    /// waits for the lock has an arrow after the number, so it has another second word.
    /// </summary>
    /// <returns>The file's device and inode; null for a line that is no held flock.</returns>
    private static (ulong Device, ulong Inode)? FileOf(string line)
    {
        if (line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is not [_, "FLOCK", _, _, _, var file, ..])
            return null;
        if (file.Split(':') is not [var majorText, var minorText, var inodeText])
            return null;
        if (!uint.TryParse(majorText, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var major)
            || !uint.TryParse(minorText, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var minor)
            || !ulong.TryParse(inodeText, NumberStyles.None, CultureInfo.InvariantCulture, out var inode))
            return null;
        // The order in which FileStatus has the two numbers of a device.
        return (major | ((ulong)minor << 32), inode);
    }
}
