using System.Collections.Immutable;
using LibvirtMdevHook.Devices;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Planning;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.HotPlug;

/// <summary>
/// Which parent or VF one more device of a domain gets, beside those it has. A parent that failed
/// is left out of the next plan.
/// </summary>
/// <param name="domain">Declares the one device, under the rules of its declaration.</param>
/// <param name="has">
/// The devices of the guest, for a device without a name yet; null where the device has its name.
/// </param>
internal sealed class AttachPlan(OperationContext context, HotPlugRequest request, Domain domain, IReadOnlyList<DeviceId>? has)
{
    /// <summary>
    /// How long a plan may wait for others' removals, with the record's lock held: a domain that
    /// ends meanwhile may start again.
    /// </summary>
    private static readonly TimeSpan RemovalTime = TimeSpan.FromSeconds(20);

    private readonly Dictionary<SysfsName, string> _failed = [];
    private readonly RefusedSelection _refused = new();
    private readonly TimeBudget _budget = new(request.Deadline, null);

    /// <summary>How many plans were made: each has a generation of its own.</summary>
    private int _plans;

    public bool HasFailedParents => _failed.Count > 0;

    public void LeaveOut(SysfsName parent, string reason) => _failed[parent] = reason;

    /// <summary>
    /// For a domain that does not run: whether the device is a mediated one or a VF, and then
    /// which. Nothing is reserved for it, as for any device that is declared for a later start.
    /// Only where the type is a VF's, a free VF is needed now.
    /// </summary>
    /// <param name="chosen">The device's name; null where it keeps the one it has.</param>
    public Reason? TryChoose(out DeviceId? chosen)
    {
        chosen = null;
        using var host = context.Records.LockHost(request.Deadline);
        if (host is null)
            return context.HostLockIsHeld;
        var plan = Planner.Make(Read(new VfioHolders(context.Root)));
        if (plan.Record is { } record)
        {
            chosen = record.Claims[0].NameThere;
            return null;
        }

        return IsVfsAlone(plan) ? plan.Refusal : null;
    }

    /// <param name="own">The domain's record; null when it has none.</param>
    /// <param name="planned">The record with the new claim as its last, saved.</param>
    public Reason? TryMake(Record? own, out Record? planned)
    {
        planned = null;
        Reason? refusal = null;
        // Anew each time: what was given back may be at work in another process since, and a VF be
        // another domain's.
        var abandoned = new TakeDown(context);
        foreach (var _ in _budget.AtMost(RemovalTime).Attempts())
        {
            abandoned.Adopt();
            abandoned.Work(_budget.AtMost(TimeSpan.Zero));
            (var plan, planned) = PlanAndSave(own);
            refusal = plan is null ? context.HostLockIsHeld : plan.Refusal;
            if (planned is not null || plan is null || !plan.CanBeCuredByWaiting(forTypes: false) || request.IsInterrupted())
                break;
        }

        abandoned.End();
        return planned is null ? refusal : null;
    }

    /// <summary>Whether the type is one that only VFs have here.</summary>
    private static bool IsVfsAlone(Plan plan)
    {
        var hasVfs = plan.Candidates.Any(c => c.Parent.Dialect == Dialect.Vf);
        return hasVfs && !plan.Candidates.Any(c => c.Parent.Dialect != Dialect.Vf && c.Type is not null);
    }

    private (Plan? Plan, Record? Record) PlanAndSave(Record? own)
    {
        var holders = PlanInputReader.HoldersFor(context, domain, domain.Declaration!);
        using var host = context.Records.LockHost(request.Deadline);
        if (host is null)
            return (null, null);
        var input = Read(holders) with { Generation = request.Begin.Plus(_plans++) };
        // What the domain has takes room as other domains' devices do, and must not be planned
        // again.
        if (own is not null)
            input = input with { Others = input.Others.Add(own), Failed = input.Failed.AddRange(AgainstTheRule(input, own)) };
        var plan = Planner.Make(input, _refused);
        if (plan.Record is not { } planned)
            return (plan, null);
        var claim = planned.Claims[0] with { Device = planned.Claims[0].NameThere, IsHeldBack = true };
        var record = own?.Plus(claim) ?? planned with { Phase = Phase.Started, Claims = [claim] };
        context.Records.Save(record);
        return (plan, record);
    }

    private PlanInput Read(VfioHolders holders) => has is null
        ? PlanInputReader.Read(context, domain, domain.Declaration!, _failed.ToImmutableDictionary(), holders: holders)
        : PlanInputReader.ForUnnamed(context, domain, domain.Declaration!, _failed.ToImmutableDictionary(), has);

    /// <summary>
    /// Parents on which the device would break the declaration's rule on GPUs, beside the devices
    /// that the domain has.
    /// </summary>
    private static IEnumerable<KeyValuePair<SysfsName, string>> AgainstTheRule(PlanInput input, Record own)
    {
        var rule = input.Declaration.Gpu;
        var gpus = own.Claims.Select(c => c.Gpu).ToHashSet();
        if (rule == GpuRule.Any || gpus.Count == 0)
            yield break;
        var others = string.Join(", ", gpus.Order().Select(gpu => $"'{gpu}'"));
        var reason = $"the domain's other devices are on {others}, and gpu='{EnumText.Of(rule)}'";
        foreach (var parent in input.Host.Parents)
        {
            var breaksTheRule = gpus.Contains(parent.Gpu) == (rule == GpuRule.Different);
            if (breaksTheRule && !input.Failed.ContainsKey(parent.Name))
                yield return KeyValuePair.Create(parent.Name, reason);
        }
    }
}
