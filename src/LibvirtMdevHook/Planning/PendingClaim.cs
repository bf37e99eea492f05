using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Planning;

/// <summary>A claim whose device does not exist yet.</summary>
/// <param name="Record">The record that has it.</param>
internal sealed record PendingClaim(Claim Claim, Record Record)
{
    /// <summary>
    /// It is reserved for a domain that may be coming here; otherwise the domain is starting, or
    /// its start was broken off.
    /// </summary>
    public bool IsReservation => Record.Expires is not null;
}
