namespace LibvirtMdevHook.Linux;

/// <summary>An exclusive flock(2) on a file of its own, made when missing; root's alone, so that nobody else can hold it.</summary>
internal sealed class FileLock : IDisposable
{
    private readonly Descriptor _file;
    private readonly HostPath _path;

    private FileLock(Descriptor file, HostPath path) => (_file, _path) = (file, path);

    /// <returns>Null when another process holds it until the deadline.</returns>
    /// <exception cref="IOException">The file cannot be made or locked.</exception>
    public static FileLock? Take(HostPath path, Deadline deadline)
    {
        FileLock? taken = null;
        deadline.Wait(() => (taken = TryTake(path)) is not null);
        return taken;
    }

    /// <summary>Deletes the file while the lock is held: who waits for it sees that and makes a new one.</summary>
    public void Delete() => Libc.unlink(_path.Text);

    public void Dispose() => _file.Dispose();

    private static FileLock? TryTake(HostPath path)
    {
        var file = Descriptor.Open(path.Text, Libc.O_RDWR | Libc.O_CREAT | Libc.O_NOFOLLOW, out var error, mode: 0x180)
            ?? throw new IOException($"cannot open the lock '{path}': {error.InWords}");
        if (Libc.flock(file.Number, Libc.LOCK_EX | Libc.LOCK_NB) == 0 && IsStillAt(path, file))
            return new FileLock(file, path);
        file.Dispose();
        return null;
    }

    private static bool IsStillAt(HostPath path, Descriptor file) =>
        FileStatus.Of(path, out _) is { } atPath
        && FileStatus.Of(file) is { } held
        && atPath.Inode == held.Inode;
}
