using System.Collections.Immutable;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Records;

/// <summary>
/// One folder of records: <c>NAME.xml</c> for each, and <c>NAME.lock</c> beside it, held by the
/// process that acts on it.
/// </summary>
/// <param name="state">/run/libvirt-mdev.</param>
/// <param name="folder">The folder's name there.</param>
/// <param name="boot">The running boot; records of another one mean nothing.</param>
/// <param name="canonical">
/// The one spelling of a name; null for what cannot be the name of a record here.
/// </param>
/// <param name="nameOf">
/// The name under which a record lies. A file that holds a record of another name is not trusted.
/// </param>
/// <param name="distrust">Told of a file that must not be acted on, with the reason.</param>
internal sealed class RecordFolder(
    HostPath state,
    string folder,
    string boot,
    Func<string, string?> canonical,
    Func<Record, string> nameOf,
    Action<HostPath, string, Reason> distrust)
{
    private const string Ending = ".xml";
    private const string LockEnding = ".lock";

    public HostPath Path { get; } = state / folder;

    public HostPath FileOf(string name) => Path / (name + Ending);

    public FileLock? Lock(string name, Deadline deadline) => FileLock.Take(Path / (name + LockEnding), deadline);

    /// <summary>Whether a process holds the lock of a record; this takes no lock itself.</summary>
    public bool IsLocked(string name, HeldLocks locks) => locks.Has(Path / (name + LockEnding));

    /// <returns>Null when there is no record of that name and of this boot.</returns>
    /// <exception cref="IOException">
    /// The record cannot be read now, or the folder is not root's alone.
    /// </exception>
    public Record? Load(string name)
    {
        FolderTrust.Check(state);
        FolderTrust.Check(Path);
        var file = FileOf(name);
        var (record, reason) = RecordFile.Read(file);
        if (record is not null && nameOf(record) != name)
            (record, reason) = (null, "it is not about what its name says");
        if (reason is not null)
            distrust(file, name + Ending, reason!);
        return record?.Boot == boot ? record : null;
    }

    /// <returns>The records of this boot, in the order of their names.</returns>
    /// <exception cref="IOException">
    /// The folder cannot be read: what is claimed is not known then.
    /// </exception>
    public ImmutableArray<Record> LoadAll()
    {
        FolderTrust.Check(state);
        FolderTrust.Check(Path);
        var records = ImmutableArray.CreateBuilder<Record>();
        foreach (var file in RecordFiles())
        {
            if (canonical(file[..^Ending.Length]) is { } name && Load(name) is { } record)
                records.Add(record);
        }

        return records.DrainToImmutable();
    }

    /// <exception cref="IOException">The record cannot be written.</exception>
    public void Save(Record record) => RecordFile.Write(Path, nameOf(record) + Ending, record);

    public void Delete(string name) => RecordFile.Delete(Path, name + Ending);

    /// <returns>The files of records of another boot.</returns>
    public IEnumerable<HostPath> OfOtherBoots()
    {
        foreach (var file in RecordFiles())
        {
            if (RecordFile.Read(Path / file).Record is { } record && record.Boot != boot)
                yield return Path / file;
        }
    }

    /// <summary>
    /// Deletes what killed processes left besides records: files that were not renamed yet, and
    /// locks of what has no record.
    /// </summary>
    public void DeleteDebris()
    {
        foreach (var name in Names().Select(DebrisOf).OfType<string>().Distinct())
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
        foreach (var name in Names().Select(RecordFile.NameBeside).OfType<string>())
            RecordFile.DeleteBeside(Path, name);
    }

    /// <returns>
    /// The name of the record that a lock, or a file that was not renamed, belongs to; null for any
    /// other file.
    /// </returns>
    private static string? DebrisOf(string file)
    {
        if (file.EndsWith(LockEnding, StringComparison.Ordinal))
            return file[..^LockEnding.Length];
        var name = RecordFile.NameBeside(file);
        return name?.EndsWith(Ending, StringComparison.Ordinal) == true ? name[..^Ending.Length] : null;
    }

    private IEnumerable<string> RecordFiles() => Names().Where(name => name.EndsWith(Ending, StringComparison.Ordinal));

    /// <exception cref="IOException">The folder cannot be read.</exception>
    private IEnumerable<string> Names()
    {
        try
        {
            var names = Directory.EnumerateFileSystemEntries(Path.Text).Select(entry => System.IO.Path.GetFileName(entry));
            return [.. names.Order(StringComparer.Ordinal)];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Where access is denied, the errno is that of the inner exception.
            var error = (Errno)(e.InnerException ?? e).HResult;
            throw new HostException($"the folder '{Path}' of the records cannot be read", error);
        }
    }
}
