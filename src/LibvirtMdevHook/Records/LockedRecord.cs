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
    private readonly Moment _call;
    private readonly FileLock _lock;

    private LockedRecord(RecordFolder folder, string name, Moment call, FileLock held) =>
        (_folder, _name, _call, _lock) = (folder, name, call, held);

    /// <summary>
    /// Whether the domain has a record that was planned after the call: it was started again since.
    /// </summary>
    /// <exception cref="IOException">It cannot be read now.</exception>
    public bool HasYounger => _folder.Load(_name)?.IsYoungerThan(_call) == true;

    /// <param name="call">
    /// The call of libvirt that is acted for; <see cref="Moment.End"/> where there is none.
    /// </param>
    /// <returns>Null when another process holds the lock until the deadline.</returns>
    /// <exception cref="IOException">The lock cannot be made.</exception>
    public static LockedRecord? Take(RecordFolder folder, string name, Moment call, Deadline deadline) =>
        folder.Lock(name, deadline) is { } held ? new LockedRecord(folder, name, call, held) : null;

    /// <summary>
    /// Reads the record anew. One that is younger than the call is not there for whoever acts for
    /// that call: a worker may come late, when the domain has begun another life.
    /// </summary>
    /// <returns>Null when there is none of this boot that the call may know.</returns>
    /// <exception cref="IOException">It cannot be read now.</exception>
    public Record? Load()
    {
        var record = _folder.Load(_name);
        return record?.IsYoungerThan(_call) == true ? null : record;
    }

    /// <summary>Moves away what lies in the record's place and is not to be trusted.</summary>
    /// <returns>What was done, as a sentence; null when nothing had to be done.</returns>
    /// <exception cref="IOException">It cannot be looked at now.</exception>
    public string? SetUntrustedAside() => _folder.SetUntrustedAside(_name);

    /// <returns>
    /// Why no record may be saved in this place: what lies there is not ours to replace.
    /// </returns>
    /// <exception cref="IOException">It cannot be looked at now.</exception>
    public Reason? WhyNotReplaced()
    {
        var content = _folder.Read(_name);
        if (content.Newer is null && content.Untrusted is null)
            return null;
        return $"{content.Newer?.ToString() ?? content.Untrusted!.ToString()}; 'virt-mdev reconcile --apply' sets it aside";
    }

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
