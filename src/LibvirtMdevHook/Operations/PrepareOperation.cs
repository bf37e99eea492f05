using System.Collections.Immutable;
using System.Diagnostics;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Planning;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Operations;

/// <summary>
/// prepare: undoes what an earlier run of the domain left, plans and claims under the host's lock, brings all up, or leaves nothing.
/// </summary>
internal sealed class PrepareOperation(Workplace place, Patience patience, Domain domain)
{
    private readonly TakeDown _takeDown = new(place);
    private readonly TakeDown _abandoned = new(place);
    private readonly Dictionary<SysfsName, string> _failed = [];
    private readonly long _begin = Stopwatch.GetTimestamp();

    /// <summary>What could not be taken down in time; the worker goes on with it after its answer.</summary>
    public TakeDown[] Rest => [_takeDown, _abandoned];

    /// <summary>The record that was brought up, null when the answer is a refusal.</summary>
    public Record? Record { get; private set; }

    public Answer Run()
    {
        place.Records.MakeFolders();
        using var own = place.Records.Lock(domain.Uuid, patience.Deadline);
        if (own is null)
            return Refuse("an earlier operation of this domain is still at work or waits in the kernel; 'virt-mdev list' says what for");
        var answer = Prepare();
        if (Record is null)
        {
            if (FileStatus.OfLink(place.Records.PathOf(domain.Uuid), out var error) is null && error.IsAbsent)
                own.Delete();
            DropPromise(isLocked: false);
        }

        return answer;
    }

    /// <summary>Takes down what was brought up, for a hook that has gone meanwhile.</summary>
    public void Undo()
    {
        if (Record is null)
            return;
        if (place.Records.Lock(domain.Uuid, Deadline.After(place.Settings.HeldWait)) is not { } own)
        {
            place.Log.Error("a later operation of this domain has not ended; what was brought up for a hook that has gone stays until the next start");
            return;
        }

        using (own)
        {
            // A later operation of the domain may have been quicker.
            if (place.Records.Load(domain.Uuid)?.Generation == Record.Generation && _takeDown.Begin(Record) is { } withheld)
                place.Log.Error($"{withheld}; it stays on record until the next start");
            if (place.Records.Load(domain.Uuid) is null)
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
        if (place.Records.Load(domain.Uuid) is { } earlier)
        {
            place.Log.Info("found a record of an earlier run, taking it down first");
            if (_takeDown.Begin(earlier) is { } withheld)
            {
                trouble = $"what an earlier run of this domain left cannot be taken down: {withheld}";
                return false;
            }
        }

        if (_takeDown.Work(patience))
            return true;
        trouble = string.Join("; ", _takeDown.Left.Select(d =>
            $"the device {d.Claim} of an earlier run of this domain cannot be removed yet: {d.Trouble ?? "the time for the start is over"}"));
        return false;
    }

    private Answer BringUp(Declaration declaration)
    {
        Setback? last = null;
        for (var round = 1; ; round++)
        {
            if (MakePlan(declaration, out var refusal) is not { Record: { } planned })
                return Refuse(refusal);
            var bringUp = new BringUp(place, patience, planned);
            var setback = bringUp.Run();
            if (setback is null)
            {
                Record = bringUp.Record;
                return Answer.Good;
            }

            if (setback.Retry == Retry.TooLate)
                setback = last ?? setback;
            else if (setback != last)
                place.Log.Warn(setback.Sentence);
            last = setback;
            var withheld = _takeDown.Begin(bringUp.Record);
            var isClean = _takeDown.Work(patience) && withheld is null;
            if (setback.Retry == Retry.Soon)
                patience.AtMost(TimeSpan.FromMilliseconds(Math.Min(100 * round, 1000))).Wait(() => false);
            if (!isClean || patience.IsOver || setback.Retry == Retry.No)
                return Refuse(setback.Sentence);
            if (setback is { Retry: Retry.Elsewhere, Parent: { } parent })
                _failed[parent] = setback.Reason;
        }
    }

    private Plan? MakePlan(Declaration declaration, out string refusal)
    {
        var forTypes = patience.AtMost(place.Settings.WaitForTypes);
        return Replanning.Run(place, patience, () =>
        {
            _abandoned.Adopt();
            _abandoned.Work(patience.AtMost(TimeSpan.Zero));
            return PlanAndSave(declaration);
        }, plan => plan.IsHopeful(!forTypes.IsOver), out refusal);
    }

    private Plan? PlanAndSave(Declaration declaration)
    {
        Order order;
        Plan plan;
        using (var host = place.Records.LockHost(patience.Deadline))
        {
            if (host is null)
                return null;
            place.Records.DeleteExpiredReservations();
            order = HostOrder.Read(place, domain, declaration, _failed.ToImmutableDictionary());
            plan = Planner.Make(order);
            if (plan.Record is { } record)
            {
                place.Records.Save(record);
                // What was promised to the domain when it was on its way is part of the plan now.
                DropPromise(isLocked: true);
            }
        }

        SeenTypes.Keep(place.Root, order.Host);
        return plan;
    }

    /// <summary>
    /// A promise made since is of the domain's next coming here, of which this start knows nothing. One that cannot be dropped is none of the
    /// start's trouble: it is over within a minute.
    /// </summary>
    /// <param name="isLocked">The caller holds the host's lock.</param>
    private void DropPromise(bool isLocked)
    {
        try
        {
            using var host = isLocked ? null : place.Records.LockHost(patience.Deadline);
            if (!isLocked && host is null)
                return;
            if (!place.Records.Reservations().Any(r => r.Domain == domain.Uuid && r.Generation >= _begin))
                place.Records.DeleteReservation(domain.Uuid);
        }
        catch (IOException e)
        {
            place.Log.Warn($"what may have been promised to the domain on its way here counts until its time is over: {e.Message}");
        }
    }

    private Answer Refuse(string why) => Answer.Refused(domain.Name, why);
}
