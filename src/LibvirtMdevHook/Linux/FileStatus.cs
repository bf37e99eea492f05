namespace LibvirtMdevHook.Linux;

/// <summary>What statx(2) says of a file.</summary>
/// <param name="Device">The file system it is on; for a character device the device that it stands for.</param>
/// <param name="Changed">Seconds since 1970 of the last change to the file's inode, which nobody can set: it is not older in its place.</param>
internal sealed record FileStatus(ulong Inode, uint Mode, uint Uid, uint Gid, ulong Device, long Changed)
{
    private const uint TypeMask = 0xf000;

    public bool IsDirectory => (Mode & TypeMask) == 0x4000;
    public bool IsRegular => (Mode & TypeMask) == 0x8000;

    /// <summary>A program or script that anybody may execute, as root may.</summary>
    public bool IsExecutable => IsRegular && (Mode & 0x49) != 0;

    /// <summary>Group or others may write to it.</summary>
    public bool WritableByOthers => (Mode & 0x12) != 0;

    /// <summary>Whether it is the same file, or another node of the same device, as in a process with a /dev of its own.</summary>
    public bool IsSameAs(FileStatus other) =>
        Device == other.Device && (Mode & TypeMask) == (other.Mode & TypeMask) && (IsCharacterDevice(Mode) || Inode == other.Inode);

    /// <param name="path">The file; a link is followed.</param>
    /// <returns>Null when there is no such file.</returns>
    /// <exception cref="IOException">The kernel does not say.</exception>
    public static FileStatus? Of(HostPath path) => Known(path, Of(path, out var error), error);

    /// <returns>Null when there is no such file, or (with another errno) when it cannot be told.</returns>
    public static FileStatus? Of(HostPath path, out Errno error) => Of(Libc.AT_FDCWD, path.Text, 0, out error);

    /// <returns>The status of an open file, whatever its path says by now.</returns>
    public static FileStatus? Of(Descriptor file) => Of(file.Number, "", Libc.AT_EMPTY_PATH, out _);

    /// <returns>The status of the link itself where the path is one.</returns>
    /// <exception cref="IOException">The kernel does not say.</exception>
    public static FileStatus? OfLink(HostPath path) => Known(path, OfLink(path, out var error), error);

    /// <returns>The same; null also (with another errno) when it cannot be told.</returns>
    public static FileStatus? OfLink(HostPath path, out Errno error) => Of(Libc.AT_FDCWD, path.Text, Libc.AT_SYMLINK_NOFOLLOW, out error);

    /// <summary>A file that cannot be looked at may be there all the same: whoever takes it for gone forgets a device or a record.</summary>
    private static FileStatus? Known(HostPath path, FileStatus? status, Errno error) =>
        status is not null || error.IsAbsent ? status : throw new IOException($"cannot look at '{path}': {error.InWords}");

    private static unsafe FileStatus? Of(int folder, string path, int flags, out Errno error)
    {
        // struct statx is the same on every architecture (linux/stat.h): uid 20, gid 24, mode 28, inode 32, seconds of ctime 96, rdev 128,
        // dev 136, the last two as major and minor.
        var status = stackalloc byte[256];
        error = Libc.statx(folder, path, flags, Libc.STATX_BASIC_STATS, status) == 0 ? Errno.None : Errno.Last();
        if (!error.IsNone)
            return null;
        var bytes = new ReadOnlySpan<byte>(status, 256);
        var mode = BitConverter.ToUInt16(bytes[28..]);
        return new FileStatus(
            BitConverter.ToUInt64(bytes[32..]),
            mode,
            BitConverter.ToUInt32(bytes[20..]),
            BitConverter.ToUInt32(bytes[24..]),
            BitConverter.ToUInt64(bytes[(IsCharacterDevice(mode) ? 128 : 136)..]),
            BitConverter.ToInt64(bytes[96..]));
    }

    private static bool IsCharacterDevice(uint mode) => (mode & TypeMask) == 0x2000;
}
