using System.Collections.Immutable;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Records;

/// <summary>
/// One folder of records: <c>NAME.xml</c> for each, and <c>NAME.lock</c> beside it, held by the
/// process that acts on it.
/// </summary>
/// <param name="state">/run/libvirt-mdev.</param>
/// <param name="kind">The kind of records that lie here.</param>
/// <param name="boot">The running boot; records of another one mean nothing.</param>
/// <param name="setAside">Where files are moved that are never acted on.</param>
/// <param name="report">Told, in a sentence, of a file that is left as it is.</param>
internal sealed class RecordFolder(HostPath state, RecordKind kind, string boot, SetAsideFolder setAside, Action<string> report)
{
    private const string Ending = RecordNames.Ending;

    public HostPath Path { get; } = state / kind.Folder;

    public HostPath FileOf(string name) => Path / (name + Ending);

    /// <returns>The name under which a file lies here; null for a file of another folder.</returns>
    public string? NameOf(HostPath file)
    {
        var name = System.IO.Path.GetFileNameWithoutExtension(file.Text);
        return FileOf(name) == file ? name : null;
    }

    public FileLock? Lock(string name, Deadline deadline) => FileLock.Take(Path / (name + RecordNames.LockEnding), deadline);

    /// <summary>Whether a process holds the lock of a record; this takes no lock itself.</summary>
    public bool IsLocked(string name, HeldLocks locks) => locks.Has(Path / (name + RecordNames.LockEnding));

    /// <summary>Reads what lies under a name, and reports nothing.</summary>
    /// <returns>What it holds; nothing where it is of another boot.</returns>
    /// <exception cref="IOException">
    /// The record cannot be read now, or the folder is not root's alone.
    /// </exception>
    public RecordContent Read(string name)
    {
        FolderTrust.Check(state);
        FolderTrust.Check(Path);
        var file = FileOf(name);
        var content = RecordFile.Read(file);
        if (content.Record is { } record && kind.NameOf(record) != name)
            return new RecordContent(Untrusted: new UntrustedRecord(file, "it is not about what its name says"!));
        if (content.Boot is { } written && written != boot)
            return RecordContent.None;
        if (content.Newer is { } newer)
            return new RecordContent(Newer: newer with { Domain = kind.DomainOfName(name) });
        return content;
    }

    /// <summary>
    /// A file that is not a record of this version is reported, and stays as it is.
    /// </summary>
    /// <returns>Null when there is no record of that name and of this boot.</returns>
    /// <exception cref="IOException">
    /// The record cannot be read now, or the folder is not root's alone.
    /// </exception>
    public Record? Load(string name) => ReadAndReport(name).Record;

    /// <summary>
    /// Each file that is not a record of this version is reported, and stays as it is.
    /// </summary>
    /// <returns>What lies here of this boot, in the order of the names.</returns>
    /// <exception cref="IOException">
    /// The folder cannot be read: what is claimed is not known then.
    /// </exception>
    public ImmutableArray<RecordContent> ReadAll()
    {
        FolderTrust.Check(state);
        FolderTrust.Check(Path);
        var contents = ImmutableArray.CreateBuilder<RecordContent>();
        foreach (var file in RecordNames.OfRecords(Path))
        {
            if (kind.Canonical(file[..^Ending.Length]) is { } name)
                contents.Add(ReadAndReport(name));
        }

        return contents.DrainToImmutable();
    }

    /// <returns>The records of this boot, in the order of their names.</returns>
    /// <exception cref="IOException">
    /// The folder cannot be read: what is claimed is not known then.
    /// </exception>
    public ImmutableArray<Record> LoadAll() => [.. ReadAll().Select(content => content.Record).OfType<Record>()];

    /// <exception cref="IOException">The record cannot be written.</exception>
    public void Save(Record record) => RecordFile.Write(Path, kind.NameOf(record) + Ending, record);

    public void Delete(string name) => RecordFile.Delete(Path, name + Ending);

    /// <summary>
    /// Moves what lies under a name away, if it is not to be trusted. The caller holds the lock.
    /// </summary>
    /// <returns>What was done, as a sentence; null when nothing had to be done.</returns>
    public string? SetUntrustedAside(string name)
    {
        if (Read(name).Untrusted is not { } untrusted)
            return null;
        var reason = setAside.TryTake(untrusted.File, name + Ending, out var place);
        return $"the record '{untrusted.File}' is not acted on: {untrusted.Reason}; {reason?.Text ?? $"it now lies at '{place}'"}";
    }

    /// <summary>
    /// Moves what lies under a name away, if it is not to be trusted or is of a newer version. The
    /// caller holds the lock.
    /// </summary>
    /// <returns>Why it was not moved; null when it was.</returns>
    public Reason? TrySetAside(string name)
    {
        var content = Read(name);
        if (content.Untrusted is null && content.Newer is null)
            return "it has changed meanwhile";
        return setAside.TryTake(FileOf(name), name + Ending, out _);
    }

    /// <returns>The files of records of another boot.</returns>
    public IEnumerable<HostPath> OfOtherBoots()
    {
        foreach (var file in RecordNames.OfRecords(Path))
        {
            if (RecordFile.Read(Path / file).Boot is { } written && written != boot)
                yield return Path / file;
        }
    }

    /// <summary>
    /// Deletes what killed processes left besides records: files that were not renamed yet, and
    /// locks of what has no record.
    /// </summary>
    public void DeleteDebris()
    {
        foreach (var name in RecordNames.In(Path).Select(RecordNames.DebrisOf).OfType<string>().Distinct())
        {
            using var held = Lock(name, Deadline.After(TimeSpan.Zero));
            if (held is null)
                continue;
            RecordFile.DeleteBeside(Path, name + Ending);
            if (FileStatus.Of(FileOf(name), out var error) is null && error.IsAbsent)
                held.Delete();
        }
    }

    /// <summary>
    /// Deletes the files that killed processes did not rename yet. The caller keeps others from
    /// writing one.
    /// </summary>
    public void DeleteUnrenamed()
    {
        foreach (var name in RecordNames.In(Path).Select(RecordFile.NameBeside).OfType<string>())
            RecordFile.DeleteBeside(Path, name);
    }

    private RecordContent ReadAndReport(string name)
    {
        var content = Read(name);
        if (content.Notice is { } notice)
            report(notice);
        return content;
    }
}
