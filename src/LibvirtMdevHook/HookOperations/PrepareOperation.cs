using System.Collections.Immutable;
using LibvirtMdevHook.Devices;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Planning;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.HookOperations;

/// <summary>
/// prepare: takes down what an earlier run of the domain left, plans and claims under the host's
/// lock, and brings all up, or leaves nothing.
/// </summary>
internal sealed class PrepareOperation(OperationContext context, TimeBudget budget, WorkerRequest request) : Operation
{
    /// <summary>How many VFs of one GPU may refuse until none of them is tried any more.</summary>
    private const int VfsTried = 3;

    private readonly TakeDown _takeDown = new(context);
    private readonly TakeDown _abandoned = new(context);
    private readonly Dictionary<SysfsName, string> _failed = [];
    private readonly Dictionary<SysfsName, string> _oneSize = [];
    private readonly Dictionary<SysfsName, int> _refusals = [];
    private readonly RefusedSelection _refused = new();

    /// <summary>
    /// How many plans were made for this call; each gets a generation of its own.
    /// </summary>
    private int _plans;

    /// <summary>The record that was brought up; null when the answer is a refusal.</summary>
    private Record? _record;

    public override IReadOnlyList<TakeDown> Unfinished => [_takeDown, _abandoned];

    private Guid Domain { get; set; }

    public override Answer Run()
    {
        try
        {
            var domain = DomainXml.Parse(request.Xml, context.Settings.AllowedAttributes);
            if (domain.Uuid == Guid.Empty)
                return Answer.Refused(request.Name, "its XML has no <uuid>");
            Domain = domain.Uuid;
            return Prepare(domain);
        }
        catch (DomainXmlException e)
        {
            return Answer.Refused(request.Name, $"{e.Problems[0]}");
        }
    }

    /// <summary>Takes down what was brought up, for a hook that has gone meanwhile.</summary>
    public override void Undo()
    {
        if (_record is null)
            return;
        using var own = context.Records.Lock(Domain, Deadline.After(context.Settings.HeldWait));
        if (own is null)
        {
            context.Log.Error(
                "a later operation of this domain has not ended; what was brought up for a hook that has gone stays until the next start");
            return;
        }

        // A later operation of the domain may have been quicker.
        if (own.Load()?.Generation != _record.Generation)
            return;
        if (_takeDown.TryBegin(_record) is { } reason)
            context.Log.Error($"{reason}; it stays on record until the next start");
    }

    private Answer Prepare(Domain domain)
    {
        context.Records.MakeFolders();
        using var own = context.Records.Lock(domain.Uuid, request.Call, budget.Deadline);
        if (own is null)
        {
            return Answer.Refused(
                domain.Name, "an earlier operation of this domain is still at work or waits in the kernel; 'virt-mdev list' says what for");
        }

        try
        {
            if (WhyTooLate(own) is { } late)
                return Answer.Refused(domain.Name, late.Text);
            if ((TryUndoEarlierRun(own) ?? TryBringUp(domain)) is { } reason)
                return Refuse(domain, reason);
            if (_record is null)
                DropReservation();
            return Answer.Good;
        }
        catch (IOException e)
        {
            return Refuse(domain, e.Message);
        }
    }

    /// <returns>
    /// Why this call does nothing; null when it may act. What a later call has begun must be left
    /// as it is.
    /// </returns>
    private Reason? WhyTooLate(LockedRecord own)
    {
        if (budget.HookIsGone)
            return HookIsGone;
        return own.HasYounger ? "libvirt has begun another start of it since this call, so nothing is done for this one" : null;
    }

    private Answer Refuse(Domain domain, Reason reason)
    {
        DropReservation();
        return Answer.Refused(domain.Name, reason.Text);
    }

    private Reason? TryUndoEarlierRun(LockedRecord own)
    {
        if (own.SetUntrustedAside() is { } moved)
            context.Log.Error(moved);
        if (own.Load() is { } earlier)
        {
            context.Log.Info("found a record of an earlier run, taking it down first");
            if (_takeDown.TryBegin(earlier) is { } withheld)
                return $"what an earlier run of this domain left cannot be taken down: {withheld}";
        }

        if (_takeDown.Work(budget))
            return null;
        return string.Join("; ", _takeDown.Unfinished.Select(left => $"the device {left.Claim} of an earlier run of this domain "
            + $"cannot be removed yet: {left.Reason ?? "the time for the start is over"}"));
    }

    private Reason? TryBringUp(Domain domain)
    {
        if (domain.Declaration is not { } declaration)
            return null;
        BringUpFailure? last = null;
        for (var round = 1; ; round++)
        {
            if (TryPlan(domain, declaration, out var planned) is { } refusal)
                return refusal;
            var bringUp = new BringUp(context, budget, planned!);
            var failure = bringUp.Run();
            if (failure is null)
            {
                _record = bringUp.Record;
                return null;
            }

            if (failure.Retry == Retry.TooLate)
                failure = last ?? failure;
            else if (failure != last)
                context.Log.Warn(failure.Sentence);
            last = failure;
            var withheld = _takeDown.TryBegin(bringUp.Record);
            var isClean = _takeDown.Work(budget) && withheld is null;
            if (failure.Retry == Retry.Soon)
                budget.Pause(TimeSpan.FromMilliseconds(Math.Min(100 * round, 1000)));
            if (!isClean || budget.IsOver || failure.Retry == Retry.No)
                return failure.Sentence;
            if (failure.Retry == Retry.Elsewhere)
                LeaveOut(failure);
        }
    }

    /// <summary>
    /// Where two sizes of the domain met, the GPU is tried with one of them. Where its VFs refuse
    /// one after the other, they are not all tried: each takes a round of creates and removes.
    /// </summary>
    private void LeaveOut(BringUpFailure failure)
    {
        var gpu = failure.Gpu!;
        if (failure.TwoSizes is { } two && _oneSize.TryAdd(gpu, $"{two}: {failure.Reason}"))
            return;
        _failed[failure.Parent!] = failure.Reason;
        _refusals[gpu] = _refusals.GetValueOrDefault(gpu) + 1;
        if (_refusals[gpu] >= VfsTried)
            _failed[gpu] = failure.Reason;
    }

    /// <summary>
    /// Plans again and again, until a plan comes out or waiting cannot help any more.
    /// </summary>
    /// <param name="planned">The saved record of the plan.</param>
    private Reason? TryPlan(Domain domain, Declaration declaration, out Record? planned)
    {
        planned = null;
        Reason? refusal = null;
        var forTypes = budget.AtMost(context.Settings.WaitForTypes);
        foreach (var _ in budget.Attempts())
        {
            if (budget.HookIsGone)
                return HookIsGone;
            _abandoned.Adopt();
            _abandoned.Work(budget.AtMost(TimeSpan.Zero));
            if (PlanAndSave(domain, declaration) is not { } plan)
                return budget.HookIsGone ? HookIsGone : context.HostLockIsHeld;
            planned = plan.Record;
            if (planned is not null)
                return null;
            refusal = plan.Refusal;
            if (!plan.CanBeCuredByWaiting(!forTypes.IsOver))
                break;
        }

        return refusal;
    }

    /// <returns>Null when another process keeps the host's lock, or the hook has gone.</returns>
    private Plan? PlanAndSave(Domain domain, Declaration declaration)
    {
        PlanInput input;
        Plan plan;
        var holders = PlanInputReader.HoldersFor(context, domain, declaration);
        using (var host = context.Records.LockHost(budget.Deadline))
        {
            if (host is null || budget.HookIsGone)
                return null;
            context.Records.DeleteExpiredReservations();
            SilentGpu.DeleteDebris(context.Root);
            input = PlanInputReader.Read(context, domain, declaration, _failed.ToImmutableDictionary(), holders: holders);
            input = input with { Generation = request.Call.Plus(_plans++), OneSize = _oneSize.ToImmutableDictionary() };
            plan = Planner.Make(input, _refused);
            // Reading the host takes time, in which the hook may have ended.
            if (budget.HookIsGone)
                return null;
            if (plan.Record is { } record)
            {
                context.Records.Save(record);
                // What was reserved for the domain when it was on its way is part of the plan now.
                DropReservationUnderTheLock();
            }
        }

        SeenTypes.Keep(context.Root, input.Host);
        return plan;
    }

    private void DropReservation()
    {
        try
        {
            using var host = context.Records.LockHost(budget.Deadline);
            if (host is not null)
                DropReservationUnderTheLock();
        }
        catch (IOException e)
        {
            LogKeptReservation(e);
        }
    }

    /// <summary>
    /// A reservation that cannot be dropped does not fail the start. The caller holds the host's
    /// lock.
    /// </summary>
    private void DropReservationUnderTheLock()
    {
        try
        {
            context.Records.DeleteReservation(Domain, request.Call);
        }
        catch (IOException e)
        {
            LogKeptReservation(e);
        }
    }

    private void LogKeptReservation(IOException e) => context.Log.Warn(
        $"the reservation that was made when this domain was arriving could not be removed; it expires within a minute: {e.Message}");
}
