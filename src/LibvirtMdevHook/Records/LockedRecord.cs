using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Records;

/// <summary>
/// The record of one domain, with its lock held: nothing else acts on it meanwhile. Disposing gives
/// the lock back, and deletes the lock's file where no record lies beside it any more.
/// </summary>
internal sealed class LockedRecord : IDisposable
{
    private readonly RecordFolder _folder;
    private readonly string _name;
    private readonly FileLock _lock;

    private LockedRecord(RecordFolder folder, string name, FileLock held) => (_folder, _name, _lock) = (folder, name, held);

    /// <returns>Null when another process holds the lock until the deadline.</returns>
    /// <exception cref="IOException">The lock cannot be made.</exception>
    public static LockedRecord? Take(RecordFolder folder, string name, Deadline deadline) =>
        folder.Lock(name, deadline) is { } held ? new LockedRecord(folder, name, held) : null;

    /// <summary>Reads the record anew.</summary>
    /// <returns>Null when there is none of this boot.</returns>
    /// <exception cref="IOException">It cannot be read now.</exception>
    public Record? Load() => _folder.Load(_name);

    /// <exception cref="IOException">It cannot be written.</exception>
    public void Save(Record record) => _folder.Save(record);

    public void Delete() => _folder.Delete(_name);

    public void Dispose()
    {
        if (FileStatus.OfLink(_folder.FileOf(_name), out var error) is null && error.IsAbsent)
            _lock.Delete();
        _lock.Dispose();
    }
}
