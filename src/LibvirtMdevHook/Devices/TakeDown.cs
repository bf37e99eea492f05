using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Devices;

/// <summary>
/// The only way back: rollback, release, detach, reconcile and recovery after a crash are the same
/// walk over the claims of a record. The claims first move to the folder of removals, so that the
/// domain is free of them whatever the kernel does. Then all devices go offline, and all that are
/// proved ours are removed, again and again until nothing is left.
/// </summary>
internal sealed class TakeDown(OperationContext context)
{
    private static readonly TimeSpan LockTime = TimeSpan.FromSeconds(1);

    // Immutable: a notice lists on a thread of its own what is left, while removals come and go.
    private ImmutableArray<DeviceRemoval> _removals = [];
    private ImmutableArray<Record> _removedElsewhere = [];

    /// <summary>
    /// Records whose removals could not be saved: they are deleted when the devices have gone.
    /// </summary>
    private ImmutableArray<Record> _unsaved = [];

    /// <summary>
    /// The claims whose devices are not known to be gone, each with the reason, where one is known.
    /// </summary>
    public IEnumerable<(Claim Claim, Reason? Reason)> Unfinished => RemovedHere.Select(r => (r.Claim, r.Reason))
        .Concat(_removedElsewhere.Select(r => (r.Claims[0], (Reason?)"a worker of an earlier operation is still at it")));

    private IEnumerable<DeviceRemoval> RemovedHere => _removals.Where(removal => !removal.IsDone);

    /// <summary>
    /// Begins to take all of a record down. The record goes now, or where a removal cannot be
    /// saved, when its devices have gone. The caller holds the record's lock.
    /// </summary>
    /// <returns>Why a part of it stays as it is, and the record with it.</returns>
    public Reason? TryBegin(Record record)
    {
        var isMoved = true;
        Reason? withheld = null;
        foreach (var claim in record.Claims.Reverse())
        {
            if (claim.Stage == Stage.Reserved || TryMove(record.RemovalOf(claim), waitsForOthers: false))
                continue;
            isMoved = false;
            withheld ??= WhyWithheld(claim);
        }

        if (isMoved)
            context.Records.Delete(record.Domain);
        else if (withheld is null)
            _unsaved = _unsaved.Add(record);
        return withheld;
    }

    /// <summary>
    /// Begins to take one claim down, and leaves the others. The caller holds the record's lock.
    /// </summary>
    /// <returns>Why it stays as it is.</returns>
    public Reason? TryBegin(Record record, Claim claim)
    {
        if (claim.Stage != Stage.Reserved && !TryMove(record.RemovalOf(claim), waitsForOthers: true))
            return WhyWithheld(claim);
        var rest = record.Without(claim);
        try
        {
            if (rest.Claims.IsEmpty)
                context.Records.Delete(record.Domain);
            else
                context.Records.Save(rest);
        }
        catch (IOException e)
        {
            context.Log.Error($"{e.Message}; {claim} is taken down all the same");
        }

        return null;
    }

    /// <summary>Takes over the removals whose worker has ended.</summary>
    public void Adopt()
    {
        foreach (var removal in context.Records.Removing())
        {
            var device = removal.Claims[0].Device;
            if (Unfinished.All(unfinished => unfinished.Claim.Device != device))
                TryTakeOver(device);
        }

        context.Records.DeleteRemovalDebris();
    }

    /// <summary>
    /// Waits for a removal that was begun elsewhere, and goes on with it where its worker has
    /// ended.
    /// </summary>
    public void Await(Record removal) => _removedElsewhere = _removedElsewhere.Add(removal);

    /// <returns>Whether nothing is left; false when the budget was over before.</returns>
    public bool Work(TimeBudget budget)
    {
        foreach (var _ in budget.Attempts())
        {
            RunOnce();
            if (Unfinished.Any())
                continue;
            _unsaved = _unsaved.RemoveAll(TryForget);
            return true;
        }

        return false;
    }

    public void End()
    {
        foreach (var removal in RemovedHere)
            removal.End();
    }

    private void RunOnce()
    {
        _removedElsewhere = _removedElsewhere.RemoveAll(removal => TryTakeOver(removal.Claims[0].Device));
        foreach (var removal in _removals)
            removal.GoOffline();
        foreach (var removal in _removals)
            removal.Leave();
    }

    /// <returns>
    /// Whether the claim is being removed now; where the removal could not be saved, it is too, and
    /// the domain's record is kept.
    /// </returns>
    /// <param name="waitsForOthers">
    /// A removal that another worker has begun is waited for; otherwise whoever needs the device
    /// waits.
    /// </param>
    private bool TryMove(Record removal, bool waitsForOthers)
    {
        var device = removal.Claims[0].Device;
        FileLock? held = null;
        try
        {
            held = context.Records.LockRemoving(device, Deadline.After(LockTime));
            if (held is null)
                return IsRemovedElsewhere(removal, waitsForOthers);
            context.Records.SaveRemoving(removal);
            _removals = _removals.Add(new DeviceRemoval(context, removal, held));
            return true;
        }
        catch (IOException e)
        {
            context.Log.Error($"{e.Message}; {removal.Claims[0]} is taken down all the same");
            _removals = _removals.Add(new DeviceRemoval(context, removal, held));
            return false;
        }
    }

    /// <summary>
    /// The process that holds the lock takes the device down already, if its record is of the same
    /// life of the domain.
    /// </summary>
    private bool IsRemovedElsewhere(Record removal, bool waitsForOthers)
    {
        if (context.Records.LoadRemoving(removal.Claims[0].Device)?.Generation != removal.Generation)
            return false;
        if (waitsForOthers)
            Await(removal);
        return true;
    }

    /// <summary>
    /// A process that is stopped, or waits in the kernel, may have the lock for something else than
    /// this removal.
    /// </summary>
    private Reason? WhyWithheld(Claim claim)
    {
        var isRemovedHere = RemovedHere.Any(removal => removal.Claim.Device == claim.Device);
        return isRemovedHere ? null : $"another process has the lock of the removal of {claim}";
    }

    /// <summary>
    /// Goes on with what a worker that has ended did not finish. What is off the record has gone.
    /// </summary>
    /// <returns>False while that worker is at it.</returns>
    private bool TryTakeOver(DeviceId device)
    {
        if (context.Records.LockRemoving(device, Deadline.After(TimeSpan.Zero)) is not { } held)
            return false;
        if (context.Records.LoadRemoving(device) is { } removal)
        {
            _removals = _removals.Add(new DeviceRemoval(context, removal, held));
            return true;
        }

        held.Delete();
        held.Dispose();
        return true;
    }

    /// <returns>False while another process, or the caller, holds the record's lock.</returns>
    private bool TryForget(Record record)
    {
        try
        {
            using var own = context.Records.Lock(record.Domain, Deadline.After(TimeSpan.Zero));
            if (own is null)
                return false;
            if (own.Load()?.Generation == record.Generation)
                own.Delete();
            return true;
        }
        catch (IOException e)
        {
            context.Log.Error(e.Message);
            return true;
        }
    }
}
