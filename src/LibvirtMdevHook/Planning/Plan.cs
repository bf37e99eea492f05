using System.Collections.Immutable;
using System.Text;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Planning;

/// <summary>What prepare would do: a record at <see cref="Stage.Reserved"/>, or the reasons why there is none.</summary>
/// <param name="Record">Null when there is a refusal.</param>
/// <param name="Candidates">Every parent that was considered for a device, in the order of devices and parents.</param>
internal sealed record Plan(Record? Record, ImmutableArray<Refusal> Refusals, ImmutableArray<Candidate> Candidates)
{
    /// <summary>Why there is no record, as one sentence; empty when there is one.</summary>
    public string Refusal => Refusals.Length > 1
        ? $"{Refusals[0].Text} (and {Refusals.Length - 1} more: 'virt-mdev plan' shows all)"
        : Refusals.FirstOrDefault()?.Text ?? "";

    /// <summary>Whether waiting can help all that is refused.</summary>
    public bool CanBeCuredByWaiting(bool forTypes) =>
        Refusals.All(r => r.CuredBy != CuredBy.Nothing && (forTypes || r.CuredBy != CuredBy.Types));

    /// <returns>The steps, a line each, or the refusals.</returns>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var refusal in Refusals)
            text.Append("refuse: ").AppendLine(refusal.Text);
        foreach (var step in Record is null ? [] : Steps(Record))
            text.AppendLine(step);
        return text.ToString();
    }

    /// <summary>All creates before any attribute, all attributes before any device goes online.</summary>
    private static IEnumerable<string> Steps(Record record) =>
        record.Claims.Select(c => c.IsForeign
                ? $"use {c.Device} as it is on {(c.Device.Address is null ? c.Parent : c.Gpu)}: it is not ours and will not be removed"
                : c.Device.Address is not null
                ? $"set {c.Device} of {c.Gpu} (vf) to {c.Type!.Id} '{c.Type.Title}'"
                : $"create {c.Device} on {c.Parent} ({c.Dialect.Name})" + (c.Type is { } t ? $" as {t.Id} '{t.Title}'" : "")
                    + (c.Args.Length > 0 ? $" with {c.Args}" : ""))
            .Concat(record.Claims.SelectMany(c => c.Attrs.Select(a => $"set {a.Name} of {c.Device} to '{a.Value}'")))
            .Concat(record.Claims.Where(c => c.Dialect.HasOnline).Select(c => $"online {c.Device}"));
}
