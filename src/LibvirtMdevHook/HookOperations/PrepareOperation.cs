using System.Collections.Immutable;
using System.Diagnostics;
using LibvirtMdevHook.Devices;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Planning;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.HookOperations;

/// <summary>
/// prepare: undoes what an earlier run of the domain left, plans and claims under the host's lock, brings all up, or leaves nothing.
/// </summary>
internal sealed class PrepareOperation(OperationContext context, TimeBudget budget, Domain domain)
{
    private readonly TakeDown _takeDown = new(context);
    private readonly TakeDown _abandoned = new(context);
    private readonly Dictionary<SysfsName, string> _failed = [];
    private readonly long _begin = Stopwatch.GetTimestamp();

    /// <summary>What could not be taken down in time; the worker goes on with it after its answer.</summary>
    public TakeDown[] Unfinished => [_takeDown, _abandoned];

    /// <summary>The record that was brought up, null when the answer is a refusal.</summary>
    public Record? Record { get; private set; }

    public Answer Run()
    {
        context.Records.MakeFolders();
        using var own = context.Records.Lock(domain.Uuid, budget.Deadline);
        if (own is null)
            return Refuse("an earlier operation of this domain is still at work or waits in the kernel; 'virt-mdev list' says what for");
        var answer = Prepare();
        if (Record is null)
        {
            if (FileStatus.OfLink(context.Records.PathOf(domain.Uuid), out var error) is null && error.IsAbsent)
                own.Delete();
            DropReservation(isLocked: false);
        }

        return answer;
    }

    /// <summary>Takes down what was brought up, for a hook that has gone meanwhile.</summary>
    public void Undo()
    {
        if (Record is null)
            return;
        if (context.Records.Lock(domain.Uuid, Deadline.After(context.Settings.HeldWait)) is not { } own)
        {
            context.Log.Error("a later operation of this domain has not ended; what was brought up for a hook that has gone stays until the next start");
            return;
        }

        using (own)
        {
            // A later operation of the domain may have been quicker.
            if (context.Records.Load(domain.Uuid)?.Generation == Record.Generation && _takeDown.Begin(Record) is { } withheld)
                context.Log.Error($"{withheld}; it stays on record until the next start");
            if (context.Records.Load(domain.Uuid) is null)
                own.Delete();
        }
    }

    private Answer Prepare()
    {
        try
        {
            return !UndoEarlierRun(out var trouble) ? Refuse(trouble)
                : domain.Declaration is { } declaration ? BringUp(declaration)
                : Answer.Good;
        }
        catch (IOException e)
        {
            return Refuse(e.Message);
        }
    }

    private bool UndoEarlierRun(out string trouble)
    {
        trouble = "";
        if (context.Records.Load(domain.Uuid) is { } earlier)
        {
            context.Log.Info("found a record of an earlier run, taking it down first");
            if (_takeDown.Begin(earlier) is { } withheld)
            {
                trouble = $"what an earlier run of this domain left cannot be taken down: {withheld}";
                return false;
            }
        }

        if (_takeDown.Work(budget))
            return true;
        trouble = string.Join("; ", _takeDown.Unfinished.Select(d =>
            $"the device {d.Claim} of an earlier run of this domain cannot be removed yet: {d.Trouble ?? "the time for the start is over"}"));
        return false;
    }

    private Answer BringUp(Declaration declaration)
    {
        BringUpFailure? last = null;
        for (var round = 1; ; round++)
        {
            if (MakePlan(declaration, out var refusal) is not { Record: { } planned })
                return Refuse(refusal);
            var bringUp = new BringUp(context, budget, planned);
            var failure = bringUp.Run();
            if (failure is null)
            {
                Record = bringUp.Record;
                return Answer.Good;
            }

            if (failure.Retry == Retry.TooLate)
                failure = last ?? failure;
            else if (failure != last)
                context.Log.Warn(failure.Sentence);
            last = failure;
            var withheld = _takeDown.Begin(bringUp.Record);
            var isClean = _takeDown.Work(budget) && withheld is null;
            if (failure.Retry == Retry.Soon)
                budget.AtMost(TimeSpan.FromMilliseconds(Math.Min(100 * round, 1000))).Wait(() => false);
            if (!isClean || budget.IsOver || failure.Retry == Retry.No)
                return Refuse(failure.Sentence);
            if (failure is { Retry: Retry.Elsewhere, Parent: { } parent })
                _failed[parent] = failure.Reason;
        }
    }

    private Plan? MakePlan(Declaration declaration, out string refusal)
    {
        var forTypes = budget.AtMost(context.Settings.WaitForTypes);
        return Replanning.Run(context, budget, () =>
        {
            _abandoned.Adopt();
            _abandoned.Work(budget.AtMost(TimeSpan.Zero));
            return PlanAndSave(declaration);
        }, plan => plan.CanBeCuredByWaiting(!forTypes.IsOver), out refusal);
    }

    private Plan? PlanAndSave(Declaration declaration)
    {
        PlanInput input;
        Plan plan;
        using (var host = context.Records.LockHost(budget.Deadline))
        {
            if (host is null)
                return null;
            context.Records.DeleteExpiredReservations();
            input = PlanInputReader.Read(context, domain, declaration, _failed.ToImmutableDictionary());
            plan = Planner.Make(input);
            if (plan.Record is { } record)
            {
                context.Records.Save(record);
                // What was promised to the domain when it was on its way is part of the plan now.
                DropReservation(isLocked: true);
            }
        }

        SeenTypes.Keep(context.Root, input.Host);
        return plan;
    }

    /// <summary>
    /// A promise made since is of the domain's next coming here, of which this start knows nothing. One that cannot be dropped is none of the
    /// start's trouble: it is over within a minute.
    /// </summary>
    /// <param name="isLocked">The caller holds the host's lock.</param>
    private void DropReservation(bool isLocked)
    {
        try
        {
            using var host = isLocked ? null : context.Records.LockHost(budget.Deadline);
            if (!isLocked && host is null)
                return;
            if (!context.Records.Reservations().Any(r => r.Domain == domain.Uuid && r.Generation >= _begin))
                context.Records.DeleteReservation(domain.Uuid);
        }
        catch (IOException e)
        {
            context.Log.Warn($"what may have been promised to the domain on its way here counts until its time is over: {e.Message}");
        }
    }

    private Answer Refuse(string why) => Answer.Refused(domain.Name, why);
}
