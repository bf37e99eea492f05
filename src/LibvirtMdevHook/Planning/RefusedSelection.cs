using System.Collections.Immutable;
using System.Text;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Planning;

/// <summary>
/// Remembers the last selection that found nothing, for an operation that plans its one declaration
/// again and again while it waits. Parents are searched again only when something that decides
/// about them has changed.
/// </summary>
internal sealed class RefusedSelection
{
    private string? _facts;
    private Selection? _selection;

    /// <param name="select">Selects the parents of the devices anew.</param>
    public Selection Of(PlanInput input, ImmutableArray<DeviceCandidates> devices, Func<Selection> select)
    {
        if (_selection is { } last && _facts == FactsOf(input, devices))
            return last;
        var selection = select();
        if (selection.Claims is null)
            (_facts, _selection) = (FactsOf(input, devices), selection);
        return selection;
    }

    /// <returns>
    /// All that a selection depends on and that can change while an operation waits.
    /// </returns>
    private static string FactsOf(PlanInput input, ImmutableArray<DeviceCandidates> devices)
    {
        var facts = new StringBuilder();
        foreach (var candidate in devices.SelectMany(d => d.Candidates).Where(c => c.Fits))
            AddCandidate(facts, candidate);
        foreach (var record in input.Others.Concat(input.Removing))
        {
            foreach (var claim in record.Claims)
                AddClaim(facts, record, claim);
        }

        foreach (var (device, place) in input.Host.Devices)
            facts.Append($"{device} {place.Parent} {place.Type} {place.Gpu}\n");
        foreach (var gpu in input.Host.Unlisted.Concat(input.OneSize.Keys))
            facts.Append($"{gpu}\n");
        return facts.ToString();
    }

    private static void AddCandidate(StringBuilder facts, Candidate candidate)
    {
        var parent = candidate.Parent;
        facts.Append($"{candidate.Device} {parent.Name} {parent.Types.Length}");
        if (candidate.Type is { } type)
            facts.Append($" {type.Id} {type.AvailableInstances} {type.MaxInstances} {type.Framebuffer}");
        facts.Append('\n');
    }

    private static void AddClaim(StringBuilder facts, Record record, Claim claim)
    {
        var isReserved = record.Expires is not null;
        facts.Append($"{record.Domain} {isReserved} {claim.Device} {claim.Parent} {claim.Stage} {claim.Type?.Id} {claim.Type?.Name}\n");
    }
}
