using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Reports;

/// <summary>What the records say of devices, of those that should be gone, and of themselves.</summary>
/// <param name="Domains">Of what domains have.</param>
/// <param name="Removals">Each with one device on its way out.</param>
/// <param name="Reservations">For domains that may be coming here.</param>
/// <param name="BrokenOff">The devices of removals that no worker is at; null when that cannot be found out.</param>
/// <param name="Untrusted">Sentences about records that are not to be trusted and lie where they were.</param>
/// <param name="SetAside">How many were set aside; null when that is not for everybody's eyes.</param>
internal sealed record RecordsOnHost(
    ImmutableArray<Record> Domains,
    ImmutableArray<Record> Removals,
    ImmutableArray<Record> Reservations,
    ImmutableArray<DeviceId>? BrokenOff,
    ImmutableArray<string> Untrusted,
    int? SetAside)
{
    /// <exception cref="IOException">The folders are not root's alone, or cannot be read.</exception>
    public static RecordsOnHost Read(Root root, out RecordStore records)
    {
        var untrusted = new List<string>();
        records = new RecordStore(root, Boot.Id(root), untrusted.Add, isForReading: true);
        var (domains, removals, reservations) = (records.Domains(), records.Removing(), records.Reservations());
        return new RecordsOnHost(domains, removals, reservations, WhatIsBrokenOff(records, removals, HeldLocks.Read(root)), [.. untrusted], CountSetAside(root));
    }

    /// <summary>
    /// Records of domains that libvirt calls inactive, and that nobody acts on. libvirt has been asked after they were read, so that each has to
    /// be the same still: another generation is another life of the domain.
    /// </summary>
    /// <returns>Null when it cannot be found out.</returns>
    public int? CountOrphans(Root root, RecordStore records, HashSet<Guid> active) => HeldLocks.Read(root) is not { } locks ? null
        : Domains.Count(r => !active.Contains(r.Domain) && !records.IsActedOn(r.Domain, locks) && records.Load(r.Domain)?.Generation == r.Generation);

    /// <returns>Null for anybody but root, whose folder it is.</returns>
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

    /// <summary>A worker may have ended well since the records were read.</summary>
    private static ImmutableArray<DeviceId>? WhatIsBrokenOff(RecordStore records, IEnumerable<Record> removals, HeldLocks? locks) => locks is null ? null
        : [.. removals.Select(r => r.Claims[0].Device).Where(device => !records.IsActedOn(device, locks) && records.LoadRemoving(device) is not null)];
}
