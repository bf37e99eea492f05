using System.Collections.Immutable;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Planning;

/// <summary>What came out when parents were selected for the devices of a domain.</summary>
/// <param name="Claims">
/// In the order of the declaration; null when no selection was found.
/// </param>
/// <param name="WasGivenUp">There may be a selection, but the search for it took too long.</param>
internal sealed record Selection(ImmutableArray<Claim>? Claims, bool WasGivenUp = false);
