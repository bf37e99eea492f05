using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Records;

/// <summary>
/// /run/libvirt-mdev. <c>domains/UUID.xml</c> holds what a domain has, <c>removing/DEVICE.xml</c> a
/// device that is being removed. Each has a lock beside it. <c>reserved/UUID.xml</c> holds what is
/// reserved for a domain that may be arriving; it is made and deleted under the host's lock.
/// <c>lock</c> is the host's lock, held while the host is read and a plan is made. <c>hotplug</c>
/// holds the locks of attach and detach, and <c>set-aside</c> the files that are not trusted.
/// </summary>
/// <param name="report">Told, in a sentence, of each file that is not trusted.</param>
/// <param name="isForReading">
/// A file that is not trusted is reported and stays where it is: a command that only looks moves
/// nothing.
/// </param>
internal sealed class RecordStore(Root root, string boot, Action<string> report, bool isForReading = false)
{
    private const uint ReadableByPeople = 0x1ed;
    private const uint OwnersAlone = 0x1c0;

    private readonly SetAsideFolder _setAside = new(root.State / "set-aside", report, isForReading);
    private readonly HostPath _hotPlug = root.State / "hotplug";

    public string Boot => boot;

    private RecordFolder DomainFolder => field ??= Folder("domains", CanonicalUuid, DomainOf);

    private RecordFolder RemovalFolder => field ??= Folder("removing", CanonicalDevice, OnlyDeviceOf);

    private RecordFolder ReservationFolder => field ??= Folder("reserved", CanonicalUuid, DomainOf);

    public HostPath PathOf(Guid domain) => DomainFolder.FileOf($"{domain:D}");

    /// <exception cref="IOException">
    /// The folders cannot be made, or are not root's alone.
    /// </exception>
    public void MakeFolders()
    {
        foreach (var folder in new[] { root.State, DomainFolder.Path, RemovalFolder.Path, ReservationFolder.Path })
        {
            if (Libc.mkdir(folder.Text, ReadableByPeople) != 0 && Errno.Last() != Errno.EEXIST)
                throw new HostException($"cannot make the folder '{folder}' for the records", Errno.Last());
            FolderTrust.Check(folder);
        }
    }

    /// <summary>
    /// Held while records and host are read and a plan is saved, and for nothing else.
    /// </summary>
    public FileLock? LockHost(Deadline deadline) => FileLock.Take(root.State / "lock", deadline);

    /// <summary>
    /// Held while something is done for a domain for one call of libvirt: a record that is younger
    /// than the call is not there for its worker.
    /// </summary>
    public LockedRecord? Lock(Guid domain, Moment call, Deadline deadline) =>
        LockedRecord.Take(DomainFolder, $"{domain:D}", call, deadline);

    /// <summary>
    /// The same for whoever acts for no call of libvirt, and for a worker that undoes what it has
    /// made itself.
    /// </summary>
    public LockedRecord? Lock(Guid domain, Deadline deadline) => Lock(domain, Moment.End, deadline);

    /// <summary>
    /// Held by an attach or a detach of a domain that runs, from its first look at it to its last.
    /// No hook ever waits for it. Its file is empty and stays, as that of the host's lock.
    /// </summary>
    public FileLock? LockHotPlug(Guid domain, Deadline deadline)
    {
        Libc.mkdir(_hotPlug.Text, OwnersAlone);
        return FileLock.Take(_hotPlug / $"{domain:D}.lock", deadline);
    }

    /// <summary>Held by the worker that removes a device.</summary>
    public FileLock? LockRemoving(DeviceId device, Deadline deadline) => RemovalFolder.Lock($"{device}", deadline);

    /// <returns>Null when the domain has no record of this boot.</returns>
    public Record? Load(Guid domain) => DomainFolder.Load($"{domain:D}");

    /// <returns>A record with the one claim; null when the device is not being removed.</returns>
    public Record? LoadRemoving(DeviceId device) => RemovalFolder.Load($"{device}");

    public ImmutableArray<Record> Domains() => DomainFolder.LoadAll();

    public ImmutableArray<Record> Removing() => RemovalFolder.LoadAll();

    /// <summary>Whether a process holds the domain's lock; this takes no lock itself.</summary>
    public bool IsActedOn(Guid domain, HeldLocks locks) => DomainFolder.IsLocked($"{domain:D}", locks);

    /// <summary>Whether a worker holds the removal's lock; this takes no lock itself.</summary>
    public bool IsActedOn(DeviceId removal, HeldLocks locks) => RemovalFolder.IsLocked($"{removal}", locks);

    /// <returns>The files of records of another boot, which mean nothing.</returns>
    public IEnumerable<HostPath> OfOtherBoots() =>
        new[] { DomainFolder, RemovalFolder, ReservationFolder }.SelectMany(folder => folder.OfOtherBoots());

    /// <returns>The files that were not trusted.</returns>
    public IEnumerable<HostPath> SetAsides() => _setAside.Files();

    public void Save(Record record) => DomainFolder.Save(record);

    public void Delete(Guid domain) => DomainFolder.Delete($"{domain:D}");

    /// <summary>
    /// Moves a claim from its domain's record to the folder of removals; after a crash in between
    /// it is in both.
    /// </summary>
    /// <param name="removal">A record with the one claim.</param>
    public void SaveRemoving(Record removal) => RemovalFolder.Save(removal);

    public void DeleteRemoving(DeviceId device) => RemovalFolder.Delete($"{device}");

    /// <summary>
    /// What a domain has itself is left alone: it may be running here while another of its uuid is
    /// said to come.
    /// </summary>
    /// <param name="reservation">With the time at which it expires.</param>
    public void SaveReservation(Record reservation) => ReservationFolder.Save(reservation);

    public void DeleteReservation(Guid domain) => ReservationFolder.Delete($"{domain:D}");

    /// <summary>
    /// Deletes what was reserved for a domain before a call of libvirt. What was reserved since is
    /// for the next arrival of the domain, of which the call knows nothing. The caller holds the
    /// host's lock.
    /// </summary>
    public void DeleteReservation(Guid domain, Moment call)
    {
        if (!HasYoungerReservation(domain, call))
            DeleteReservation(domain);
    }

    /// <summary>
    /// Whether the domain has a record or a reservation that is younger than a call of libvirt: it
    /// was started here, or began to arrive, since.
    /// </summary>
    public bool HasYounger(Guid domain, Moment call) =>
        Load(domain)?.IsYoungerThan(call) == true || HasYoungerReservation(domain, call);

    /// <returns>Those that still count.</returns>
    public ImmutableArray<Record> Reservations() => ReservationFolder.LoadAll().RemoveAll(HasExpired);

    /// <summary>The caller holds the host's lock.</summary>
    public void DeleteExpiredReservations()
    {
        foreach (var expired in ReservationFolder.LoadAll().Where(HasExpired))
            DeleteReservation(expired.Domain);
    }

    /// <summary>
    /// Deletes what killed processes left besides records: files that were not renamed yet, and
    /// locks of what has no record.
    /// </summary>
    public void DeleteDebris()
    {
        DomainFolder.DeleteDebris();
        DeleteRemovalDebris();
        using var host = LockHost(Deadline.After(TimeSpan.Zero));
        if (host is null)
            return;
        DeleteExpiredReservations();
        ReservationFolder.DeleteUnrenamed();
    }

    /// <summary>The same of removals alone, which are few.</summary>
    public void DeleteRemovalDebris() => RemovalFolder.DeleteDebris();

    private bool HasYoungerReservation(Guid domain, Moment call) =>
        ReservationFolder.Load($"{domain:D}") is { } reservation && !HasExpired(reservation) && reservation.IsYoungerThan(call);

    private static bool HasExpired(Record reservation) => reservation.Expires is not { Passed: false };

    private static string OnlyDeviceOf(Record record) => record.Claims is [var claim] ? $"{claim.Device}" : "";

    private static string DomainOf(Record record) => $"{record.Domain:D}";

    private static string? CanonicalUuid(string name) => Guid.TryParse(name, out var uuid) ? $"{uuid:D}" : null;

    private static string? CanonicalDevice(string name) => DeviceId.TryParse(name, out var device) ? $"{device}" : null;

    private RecordFolder Folder(string name, Func<string, string?> canonical, Func<Record, string> nameOf) =>
        new(root.State, name, boot, canonical, nameOf, _setAside.Take);
}
