using System.Collections.Immutable;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Planning;

/// <summary>
/// What prepare would do: a record at <see cref="Stage.Reserved"/>, or the refusals.
/// </summary>
/// <param name="Record">Null when there is a refusal.</param>
/// <param name="Candidates">
/// Every parent that was considered for a device, in the order of devices and parents.
/// </param>
internal sealed record Plan(Record? Record, ImmutableArray<Refusal> Refusals, ImmutableArray<Candidate> Candidates)
{
    /// <summary>Why there is no record, as one sentence; empty when there is one.</summary>
    public string Refusal => Refusals switch
    {
        [] => "",
        [var only] => only.Text,
        [var first, ..] => $"{first.Text} (and {Refusals.Length - 1} more: 'virt-mdev plan' shows all)",
    };

    /// <summary>Whether each refusal may end if the caller waits.</summary>
    /// <param name="forTypes">The caller waits for types, too.</param>
    public bool CanBeCuredByWaiting(bool forTypes) =>
        Refusals.All(r => r.CuredBy != CuredBy.Nothing && (forTypes || r.CuredBy != CuredBy.Types));

    /// <summary>
    /// The steps or the refusals, each as one line, though a name in it may hold line ends.
    /// </summary>
    public IEnumerable<string> Lines =>
        Refusals.Select(refusal => $"refuse: {refusal.Text}").Concat(Record is null ? [] : Steps(Record));

    /// <returns>The <see cref="Lines"/> as they are printed.</returns>
    public override string ToString() => string.Concat(Lines.Select(line => OneLine.Of(line) + '\n'));

    /// <summary>
    /// All creates before any attribute, all attributes before any device goes online.
    /// </summary>
    private static IEnumerable<string> Steps(Record record)
    {
        foreach (var claim in record.Claims)
            yield return FirstStep(claim);
        foreach (var claim in record.Claims)
        {
            foreach (var attr in claim.Attrs)
                yield return $"set {attr.Name} of {claim.Device} to '{attr.Value}'";
        }

        foreach (var claim in record.Claims.Where(c => c.Dialect.HasOnline))
            yield return $"online {claim.Device}";
    }

    private static string FirstStep(Claim claim)
    {
        var isVf = claim.Device.Address is not null;
        if (claim.IsForeign)
            return $"use {claim.Device} as it is on {(isVf ? claim.Gpu : claim.Parent)}: it is not ours and will not be removed";
        if (isVf)
            return $"set {claim.Device} of {claim.Gpu} (vf) to {claim.Type!.Id} '{claim.Type.Title}'";
        var type = claim.Type is { } chosen ? $" as {chosen.Id} '{chosen.Title}'" : "";
        var args = claim.Args.Length > 0 ? $" with {claim.Args}" : "";
        return $"create {claim.Device} on {claim.Parent} ({claim.Dialect.Name}){type}{args}";
    }
}
