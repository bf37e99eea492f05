using System.Globalization;

namespace LibvirtMdevHook.Linux;

/// <summary>
/// The flocks that are held, as /proc/locks lists them (Documentation/filesystems/locking.rst): to try a lock would keep it, for a moment,
/// from somebody who wants it.
/// </summary>
internal sealed class HeldLocks
{
    private readonly HashSet<(ulong Device, ulong Inode)> _files;

    private HeldLocks(HashSet<(ulong Device, ulong Inode)> files) => _files = files;

    /// <returns>Null when they cannot be read.</returns>
    public static HeldLocks? Read(Root root) => HostFile.Read(root.Proc / "locks", out _) is { } text ? Parse(text) : null;

    public static HeldLocks Parse(string text) => new([.. text.Split('\n').Select(Place).OfType<(ulong, ulong)>()]);

    public bool Has(HostPath file) => FileStatus.OfLink(file, out _) is { } status && _files.Contains((status.Device, status.Inode));

    /// <summary><c>1: FLOCK  ADVISORY  WRITE 4711 fe:00:11683808 0 EOF</c>; who only waits has an arrow after the number.</summary>
    private static (ulong, ulong)? Place(string line) =>
        line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, "FLOCK", _, _, _, var place, ..]
            && place.Split(':') is [var major, var minor, var inode]
            && uint.TryParse(major, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var high)
            && uint.TryParse(minor, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var low)
            && ulong.TryParse(inode, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? (high | ((ulong)low << 32), number)
            : null;
}
