using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Reports;

/// <summary>All records of this host, read without changing anything.</summary>
/// <param name="Domains">What domains have.</param>
/// <param name="Removals">The devices that are being removed, a record with one claim each.</param>
/// <param name="Reservations">What is reserved for domains that may be coming here.</param>
/// <param name="BrokenOff">
/// The devices of removals that have no worker; null when the held locks cannot be read.
/// </param>
/// <param name="Newer">The records that a newer version of the program wrote.</param>
/// <param name="Untrusted">The records that are not to be trusted and lie where they were.</param>
/// <param name="SetAside">
/// How many records were set aside; null when the user may not see that.
/// </param>
internal sealed record RecordsOnHost(
    ImmutableArray<Record> Domains,
    ImmutableArray<Record> Removals,
    ImmutableArray<Record> Reservations,
    ImmutableArray<DeviceId>? BrokenOff,
    ImmutableArray<NewerRecord> Newer,
    ImmutableArray<UntrustedRecord> Untrusted,
    int? SetAside)
{
    /// <exception cref="IOException">
    /// The folders are not root's alone, or cannot be read.
    /// </exception>
    public static RecordsOnHost Read(Root root, out RecordStore records)
    {
        records = new RecordStore(root, Boot.Id(root), _ => { });
        var all = records.ReadAll();
        var brokenOff = FindBrokenOff(records, all.Removals, HeldLocks.Read(root));
        return new RecordsOnHost(
            all.Domains, all.Removals, all.Reservations, brokenOff, all.Newer, all.Untrusted, CountSetAside(root));
    }

    /// <summary>
    /// Counts the records of domains that libvirt calls inactive and for which no process acts.
    /// libvirt was asked after the records were read. So each record has to be the same still:
    /// another generation is another life of the domain.
    /// </summary>
    /// <returns>Null when the held locks cannot be read.</returns>
    public int? CountOrphans(Root root, RecordStore records, HashSet<Guid> active)
    {
        if (HeldLocks.Read(root) is not { } locks)
            return null;
        var idle = Domains.Where(r => !active.Contains(r.Domain) && !records.IsActedOn(r.Domain, locks));
        return idle.Count(r => records.Load(r.Domain)?.Generation == r.Generation);
    }

    /// <returns>Null for any user but root, who owns the folder.</returns>
    private static int? CountSetAside(Root root)
    {
        try
        {
            return Directory.EnumerateFiles((root.State / "set-aside").Text).Count();
        }
        catch (DirectoryNotFoundException)
        {
            return 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static ImmutableArray<DeviceId>? FindBrokenOff(RecordStore records, IEnumerable<Record> removals, HeldLocks? locks)
    {
        if (locks is null)
            return null;
        var idle = removals.Select(r => r.Claims[0].Device).Where(device => !records.IsActedOn(device, locks));
        // A worker may have finished since the records were read.
        return [.. idle.Where(device => records.LoadRemoving(device) is not null)];
    }
}
