namespace LibvirtMdevHook.Linux;

/// <summary>
/// An exclusive flock(2) on a file that exists for this purpose. The file is created when it is
/// missing, and only root may open it, so that no other user can hold the lock.
/// </summary>
internal sealed class FileLock : IDisposable
{
    private const uint OnlyOwner = 0x180;

    /// <summary>
    /// The process that came last makes the shortest pauses. Without this limit a process that has
    /// waited for long would find the lock taken by one newcomer after another.
    /// </summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(50);

    private readonly Descriptor _file;
    private readonly HostPath _path;

    private FileLock(Descriptor file, HostPath path) => (_file, _path) = (file, path);

    /// <returns>Null when another process holds the lock until the deadline.</returns>
    /// <exception cref="IOException">The file cannot be created or locked.</exception>
    public static FileLock? Take(HostPath path, Deadline deadline)
    {
        foreach (var _ in deadline.Attempts(LongestPause))
        {
            if (TryTake(path) is { } taken)
                return taken;
        }

        return null;
    }

    /// <summary>
    /// Deletes the file while the lock is held. A process that waits for the lock notices that and
    /// creates a new file.
    /// </summary>
    public void Delete() => Libc.unlink(_path.Text);

    public void Dispose() => _file.Dispose();

    private static FileLock? TryTake(HostPath path)
    {
        var file = Descriptor.Open(path.Text, Libc.O_RDWR | Libc.O_CREAT | Libc.O_NOFOLLOW, out var error, OnlyOwner)
            ?? throw new HostException($"cannot open the lock '{path}'", error);
        if (Libc.flock(file.Number, Libc.LOCK_EX | Libc.LOCK_NB) == 0 && IsStillAt(path, file))
            return new FileLock(file, path);
        file.Dispose();
        return null;
    }

    /// <summary>
    /// Between open(2) and flock(2) another process may have deleted the file: then the lock is on
    /// a file that has no path.
    /// </summary>
    private static bool IsStillAt(HostPath path, Descriptor file) =>
        FileStatus.Of(path, out _) is { } atPath
        && FileStatus.Of(file) is { } held
        && atPath.Inode == held.Inode;
}
