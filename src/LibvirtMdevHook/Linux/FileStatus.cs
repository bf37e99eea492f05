namespace LibvirtMdevHook.Linux;

/// <summary>What statx(2) reports about a file.</summary>
/// <param name="Device">
/// The file system that the file is on; for a character device, the device number of the node.
/// </param>
/// <param name="Changed">
/// The ctime, in seconds since 1970: never earlier than the moment at which the file was put in its
/// place, as no program can set it.
/// </param>
internal sealed record FileStatus(ulong Inode, uint Mode, uint Uid, uint Gid, ulong Device, long Changed)
{
    private const uint TypeMask = 0xf000;

    public bool IsDirectory => (Mode & TypeMask) == 0x4000;
    public bool IsRegular => (Mode & TypeMask) == 0x8000;

    /// <summary>
    /// A program or script that root may execute, because its owner, its group or others may.
    /// </summary>
    public bool IsExecutable => IsRegular && (Mode & 0x49) != 0;

    /// <summary>The group or others may write to the file.</summary>
    public bool WritableByOthers => (Mode & 0x12) != 0;

    /// <summary>
    /// True for the same file, and for another node of the same character device: a process in its
    /// own mount namespace has its own /dev.
    /// </summary>
    public bool IsSameAs(FileStatus other)
    {
        var isSameKind = Device == other.Device && (Mode & TypeMask) == (other.Mode & TypeMask);
        return isSameKind && (IsCharacterDevice(Mode) || Inode == other.Inode);
    }

    /// <param name="path">The file; a link is followed.</param>
    /// <returns>Null when there is no such file.</returns>
    /// <exception cref="IOException">The status cannot be read for another reason.</exception>
    public static FileStatus? Of(HostPath path) => Known(path, Of(path, out var error), error);

    /// <returns>
    /// Null when there is no such file (<c>error.IsAbsent</c>), or when its status cannot be read
    /// (any other errno).
    /// </returns>
    public static FileStatus? Of(HostPath path, out Errno error) => Of(Libc.AT_FDCWD, path.Text, 0, out error);

    /// <returns>
    /// The status of an open file, even if its path leads to another file by now.
    /// </returns>
    public static FileStatus? Of(Descriptor file) => Of(file.Number, "", Libc.AT_EMPTY_PATH, out _);

    /// <param name="path">The file; of a link, the status is that of the link itself.</param>
    /// <returns>Null when there is no such file.</returns>
    /// <exception cref="IOException">The status cannot be read for another reason.</exception>
    public static FileStatus? OfLink(HostPath path) => Known(path, OfLink(path, out var error), error);

    /// <param name="path">The file; of a link, the status is that of the link itself.</param>
    /// <returns>
    /// Null when there is no such file (<c>error.IsAbsent</c>), or when its status cannot be read
    /// (any other errno).
    /// </returns>
    public static FileStatus? OfLink(HostPath path, out Errno error) =>
        Of(Libc.AT_FDCWD, path.Text, Libc.AT_SYMLINK_NOFOLLOW, out error);

    /// <summary>
    /// A file whose status cannot be read may exist all the same. A caller that took it for deleted
    /// would forget a device or a record.
    /// </summary>
    private static FileStatus? Known(HostPath path, FileStatus? status, Errno error)
    {
        if (status is null && !error.IsAbsent)
            throw new HostException($"cannot look at '{path}'", error);
        return status;
    }

    private static unsafe FileStatus? Of(int folder, string path, int flags, out Errno error)
    {
        // struct statx has one layout on all architectures (linux/stat.h): uid at 20, gid at 24,
        // mode at 28, inode at 32, the seconds of ctime at 96; rdev at 128 and dev at 136, each as
        // major and minor.
        var status = stackalloc byte[256];
        error = Libc.statx(folder, path, flags, Libc.STATX_BASIC_STATS, status) == 0 ? Errno.None : Errno.Last();
        if (!error.IsNone)
            return null;
        var bytes = new ReadOnlySpan<byte>(status, 256);
        var mode = BitConverter.ToUInt16(bytes[28..]);
        var deviceOffset = IsCharacterDevice(mode) ? 128 : 136;
        return new FileStatus(
            BitConverter.ToUInt64(bytes[32..]),
            mode,
            BitConverter.ToUInt32(bytes[20..]),
            BitConverter.ToUInt32(bytes[24..]),
            BitConverter.ToUInt64(bytes[deviceOffset..]),
            BitConverter.ToInt64(bytes[96..]));
    }

    private static bool IsCharacterDevice(uint mode) => (mode & TypeMask) == 0x2000;
}
