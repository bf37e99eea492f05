using System.Collections.Immutable;
using LibvirtMdevHook.Devices;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Planning;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.HotPlug;

/// <summary>Which parent or VF one more device of a domain gets, beside those it has; a parent that failed is left out of the next plan.</summary>
/// <param name="domain">Declares the one device, under the rules of its declaration.</param>
/// <param name="has">The devices of the guest, for one that nobody has named yet; null where the device has its name.</param>
internal sealed class AttachPlan(OperationContext context, TimeBudget budget, Domain domain, IReadOnlyList<DeviceId>? has, Func<bool> isBrokenOff)
{
    /// <summary>How long a plan may wait for others' removals, with the record's lock held: a domain that ends meanwhile may start again.</summary>
    private static readonly TimeSpan RemovalTime = TimeSpan.FromSeconds(20);

    private readonly Dictionary<SysfsName, string> _failed = [];

    public bool HasFailedParents => _failed.Count > 0;

    public void LeaveOut(SysfsName parent, string reason) => _failed[parent] = reason;

    /// <summary>
    /// For a domain that does not run: whether the device is a mediated one or a VF, and then which. Nothing is kept for it, as with any that is
    /// declared for a later start; only where the type is a VF's, there has to be a free one now.
    /// </summary>
    /// <param name="chosen">The device's name; null where it keeps the one it has.</param>
    /// <returns>Why not, as a sentence; null when it has its name.</returns>
    public string? Choose(out DeviceId? chosen)
    {
        chosen = null;
        using var host = context.Records.LockHost(budget.Deadline);
        if (host is null)
            return $"the lock '{context.Root.State / "lock"}' is held by another process for too long";
        var plan = Planner.Make(Read());
        if (plan.Record is { } record)
            chosen = record.Claims[0].NameThere;
        else if (plan.Candidates.Any(c => c.Parent.Dialect == Dialect.Vf) && !plan.Candidates.Any(c => c.Parent.Dialect != Dialect.Vf && c.Type is not null))
            return plan.Refusal;
        return null;
    }

    /// <param name="own">The domain's record; null when it has none.</param>
    /// <returns>The record with the new claim as its last, saved; null with the refusal.</returns>
    public Record? Make(Record? own, out string refusal)
    {
        // Anew each time: what was given back may be at work in another process since, and a VF be another domain's.
        var abandoned = new TakeDown(context);
        Record? record = null;
        Replanning.Run(context, budget.AtMost(RemovalTime), () =>
        {
            abandoned.Adopt();
            abandoned.Work(budget.AtMost(TimeSpan.Zero));
            (var plan, record) = PlanAndSave(own);
            return plan;
        }, plan => plan.CanBeCuredByWaiting(forTypes: false) && !isBrokenOff(), out refusal);
        abandoned.End();
        return record;
    }

    private (Plan? Plan, Record? Record) PlanAndSave(Record? own)
    {
        using var host = context.Records.LockHost(budget.Deadline);
        if (host is null)
            return (null, null);
        var input = Read();
        // What the domain has takes room as other domains' devices do, and is not to be planned again.
        input = input with { Others = own is null ? input.Others : input.Others.Add(own), Failed = input.Failed.AddRange(AgainstTheRule(input, own)) };
        var plan = Planner.Make(input);
        if (plan.Record is not { } planned)
            return (plan, null);
        var claim = planned.Claims[0] with { Device = planned.Claims[0].NameThere, IsHeldBack = true };
        var record = own?.Plus(claim) ?? planned with { Phase = Phase.Started, Claims = [claim] };
        context.Records.Save(record);
        return (plan, record);
    }

    private PlanInput Read() => has is null
        ? PlanInputReader.Read(context, domain, domain.Declaration!, _failed.ToImmutableDictionary())
        : PlanInputReader.ForUnnamed(context, domain, domain.Declaration!, _failed.ToImmutableDictionary(), has);

    /// <summary>Parents on which the device would break the declaration's rule on GPUs, beside the devices that the domain has.</summary>
    private static IEnumerable<KeyValuePair<SysfsName, string>> AgainstTheRule(PlanInput input, Record? own)
    {
        var rule = input.Declaration.Gpu;
        var gpus = own?.Claims.Select(c => c.Gpu).ToHashSet() ?? [];
        if (rule == GpuRule.Any || gpus.Count == 0)
            return [];
        return input.Host.Parents.Where(p => !input.Failed.ContainsKey(p.Name) && gpus.Contains(p.Gpu) == (rule == GpuRule.Different))
            .Select(p => KeyValuePair.Create(p.Name,
                $"the domain's other devices are on {string.Join(", ", gpus.Order().Select(g => $"'{g}'"))}, and gpu='{EnumText.Of(rule)}'"));
    }
}
