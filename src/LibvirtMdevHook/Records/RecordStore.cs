using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Records;

/// <summary>
/// /run/libvirt-mdev: <c>domains/UUID.xml</c> for what domains have, <c>removing/DEVICE.xml</c> for devices on their way out, each with a
/// lock beside it that is held by who acts on it; <c>reserved/UUID.xml</c> for what domains have been promised that may be coming here, made
/// and deleted under the host's lock; <c>lock</c>, held while the host is read and a plan made; <c>hotplug</c> for the locks of who
/// changes a running domain; <c>set-aside</c> for files that cannot be trusted.
/// </summary>
/// <param name="report">Told, in a sentence, of each file that is set aside.</param>
/// <param name="isForReading">What is not trusted is reported and stays where it is: who only looks moves nothing.</param>
internal sealed class RecordStore(Root root, string boot, Action<string> report, bool isForReading = false)
{
    private const string Ending = ".xml";
    private const string LockEnding = ".lock";

    private const uint ReadableByPeople = 0x1ed;

    private readonly HostPath _domains = root.State / "domains";
    private readonly HostPath _removing = root.State / "removing";
    private readonly HostPath _reserved = root.State / "reserved";
    private readonly HostPath _setAside = root.State / "set-aside";
    private readonly HostPath _hotPlug = root.State / "hotplug";

    public string Boot => boot;

    public HostPath PathOf(Guid domain) => _domains / $"{domain:D}.xml";

    /// <exception cref="IOException">The folders cannot be made.</exception>
    public void MakeFolders()
    {
        foreach (var folder in new[] { root.State, _domains, _removing, _reserved })
        {
            if (Libc.mkdir(folder.Text, ReadableByPeople) != 0 && Errno.Last() != Errno.EEXIST)
                throw new IOException($"cannot make the folder '{folder}' for the records: {Errno.Last().InWords}");
            Trust(folder);
        }
    }

    /// <summary>Who may write to a folder can put back records of root's that mean nothing any more, and take away those that do.</summary>
    /// <exception cref="IOException">The folder is not root's alone.</exception>
    private static void Trust(HostPath folder)
    {
        if (FileStatus.OfLink(folder) is not { } status)
            return;
        var reason = !status.IsDirectory ? "is not a folder"
            : status.Uid != Libc.geteuid() && status.Uid != 0 ? $"belongs to uid {status.Uid}, not to root"
            : status.WritableByOthers ? "can be written to by others than its owner"
            : null;
        if (reason is not null)
            throw new IOException($"the folder '{folder}' of the records {reason}, so that nothing in it is acted on; move it away");
    }

    /// <summary>Held while records and host are read and a plan is saved, and for nothing else.</summary>
    public FileLock? LockHost(Deadline deadline) => FileLock.Take(root.State / "lock", deadline);

    /// <summary>Held while something is done for a domain.</summary>
    public FileLock? Lock(Guid domain, Deadline deadline) => FileLock.Take(_domains / $"{domain:D}.lock", deadline);

    /// <summary>
    /// Held by an attach or a detach of a domain that runs, from its first look at it to its last; no hook ever waits for it. Its file is
    /// empty and stays, as that of the host's lock.
    /// </summary>
    public FileLock? LockHotPlug(Guid domain, Deadline deadline)
    {
        Libc.mkdir(_hotPlug.Text, 0x1c0);
        return FileLock.Take(_hotPlug / $"{domain:D}.lock", deadline);
    }

    /// <summary>Held by the worker that removes a device.</summary>
    public FileLock? LockRemoving(DeviceId device, Deadline deadline) => FileLock.Take(_removing / $"{device}.lock", deadline);

    /// <returns>Null when the domain has no record of this boot.</returns>
    public Record? Load(Guid domain) => Load(_domains, $"{domain:D}.xml", r => r.Domain == domain);

    /// <returns>A record with the one claim; null when the device is not being removed.</returns>
    public Record? LoadRemoving(DeviceId device) => Load(_removing, $"{device}.xml", r => IsRemovalOf(r, device));

    public ImmutableArray<Record> Domains() => LoadAll(_domains, name => Guid.TryParse(name, out var uuid) ? Load(uuid) : null);

    public ImmutableArray<Record> Removing() => LoadAll(_removing, name => DeviceId.TryParse(name, out var device) ? LoadRemoving(device) : null);

    /// <summary>Whether somebody has the domain's lock; nothing is locked for it.</summary>
    public bool IsActedOn(Guid domain, HeldLocks locks) => locks.Has(_domains / $"{domain:D}{LockEnding}");

    /// <summary>Whether a worker has the removal's lock; nothing is locked for it.</summary>
    public bool IsActedOn(DeviceId removal, HeldLocks locks) => locks.Has(_removing / $"{removal}{LockEnding}");

    /// <returns>The files of records of another boot, which mean nothing.</returns>
    public IEnumerable<HostPath> OfOtherBoots() => new[] { _domains, _removing, _reserved }
        .SelectMany(folder => Names(folder).Where(n => n.EndsWith(Ending, StringComparison.Ordinal)).Select(n => folder / n))
        .Where(file => RecordFile.Read(file).Record is { } record && record.Boot != boot);

    /// <returns>The files that were not trusted.</returns>
    public IEnumerable<HostPath> SetAsides() => HostFile.List(_setAside).Select(name => _setAside / name);

    public void Save(Record record) => RecordFile.Write(_domains, $"{record.Domain:D}.xml", record);

    public void Delete(Guid domain) => RecordFile.Delete(_domains, $"{domain:D}.xml");

    /// <summary>Moves a claim from its domain's record to the folder of removals; after a crash in between it is in both.</summary>
    /// <param name="removal">A record with the one claim.</param>
    public void SaveRemoving(Record removal) => RecordFile.Write(_removing, $"{removal.Claims[0].Device}.xml", removal);

    public void DeleteRemoving(DeviceId device) => RecordFile.Delete(_removing, $"{device}.xml");

    /// <summary>What a domain has itself is left alone: it may be running here while another of its uuid is said to come.</summary>
    /// <param name="reservation">With the time at which it expires.</param>
    public void SaveReservation(Record reservation) => RecordFile.Write(_reserved, $"{reservation.Domain:D}.xml", reservation);

    public void DeleteReservation(Guid domain) => RecordFile.Delete(_reserved, $"{domain:D}.xml");

    /// <returns>Those that still count.</returns>
    public ImmutableArray<Record> Reservations() => AllReservations().RemoveAll(r => r.Expires is not { Passed: false });

    /// <summary>The caller holds the host's lock.</summary>
    public void DeleteExpiredReservations()
    {
        foreach (var expired in AllReservations().Where(r => r.Expires is not { Passed: false }))
            DeleteReservation(expired.Domain);
    }

    /// <summary>Deletes what killed processes left besides records: files that were not renamed yet, and locks of what has no record.</summary>
    public void DeleteDebris()
    {
        DeleteDebris(_domains);
        DeleteRemovalDebris();
        using var host = LockHost(Deadline.After(TimeSpan.Zero));
        if (host is null)
            return;
        DeleteExpiredReservations();
        foreach (var name in Names(_reserved).Select(RecordFile.NameBeside).OfType<string>())
            RecordFile.DeleteBeside(_reserved, name);
    }

    /// <summary>The same of removals alone, which are few.</summary>
    public void DeleteRemovalDebris() => DeleteDebris(_removing);

    private static void DeleteDebris(HostPath folder)
    {
        foreach (var name in Names(folder).Select(NameOfDebris).OfType<string>().Distinct())
        {
            using var held = FileLock.Take(folder / $"{name}{LockEnding}", Deadline.After(TimeSpan.Zero));
            if (held is null)
                continue;
            RecordFile.DeleteBeside(folder, name + Ending);
            if (FileStatus.Of(folder / $"{name}{Ending}", out var error) is null && error.IsAbsent)
                held.Delete();
        }
    }

    private static string? NameOfDebris(string file) => file.EndsWith(LockEnding, StringComparison.Ordinal) ? file[..^LockEnding.Length]
        : RecordFile.NameBeside(file) is { } name && name.EndsWith(Ending, StringComparison.Ordinal) ? name[..^Ending.Length]
        : null;

    private ImmutableArray<Record> AllReservations() =>
        LoadAll(_reserved, name => Guid.TryParse(name, out var uuid) ? Load(_reserved, $"{uuid:D}.xml", r => r.Domain == uuid) : null);

    private static bool IsRemovalOf(Record record, DeviceId device) => record.Claims.Length == 1 && record.Claims[0].Device == device;

    private Record? Load(HostPath folder, string name, Func<Record, bool> isOfItsName)
    {
        Trust(root.State);
        Trust(folder);
        var (record, reason) = RecordFile.Read(folder / name);
        if (record is not null && !isOfItsName(record))
            (record, reason) = (null, "it is not about what its name says");
        if (reason is not null)
            SetAside(folder / name, name, reason);
        return record?.Boot == boot ? record : null;
    }

    private ImmutableArray<Record> LoadAll(HostPath folder, Func<string, Record?> load)
    {
        Trust(root.State);
        Trust(folder);
        return [.. Names(folder).Where(n => n.EndsWith(Ending, StringComparison.Ordinal)).Select(n => load(n[..^Ending.Length])).OfType<Record>()];
    }

    /// <exception cref="IOException">The folder cannot be read: what is claimed is not known then.</exception>
    private static IEnumerable<string> Names(HostPath folder)
    {
        try
        {
            return [.. Directory.EnumerateFileSystemEntries(folder.Text).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Where access is denied, the errno is that of the inner one.
            throw new IOException($"the folder '{folder}' of the records cannot be read: {((Errno)(e.InnerException ?? e).HResult).InWords}", e);
        }
    }

    private void SetAside(HostPath file, string name, string reason)
    {
        if (isForReading)
        {
            report($"the record '{file}' is not to be trusted: {reason}");
            return;
        }

        var place = _setAside / $"{name}.{Environment.TickCount64}";
        Libc.mkdir(_setAside.Text, 0x1c0);
        var kept = Libc.rename(file.Text, place.Text) == 0;
        report($"the record '{file}' is not acted on: {reason}; " + (kept ? $"it now lies at '{place}'" : $"it cannot be moved away: {Errno.Last().InWords}"));
    }
}
