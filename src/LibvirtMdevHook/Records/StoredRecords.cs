using System.Collections.Immutable;

namespace LibvirtMdevHook.Records;

/// <summary>All records of this boot, as they lie on disk.</summary>
/// <param name="Domains">What domains have.</param>
/// <param name="Removals">The devices that are being removed, a record with one claim each.</param>
/// <param name="Reservations">What is reserved, and has not expired.</param>
/// <param name="Newer">What a newer version of the program wrote, of all three kinds.</param>
/// <param name="Untrusted">What is not to be trusted, of all three kinds.</param>
internal sealed record StoredRecords(
    ImmutableArray<Record> Domains,
    ImmutableArray<Record> Removals,
    ImmutableArray<Record> Reservations,
    ImmutableArray<NewerRecord> Newer,
    ImmutableArray<UntrustedRecord> Untrusted);
