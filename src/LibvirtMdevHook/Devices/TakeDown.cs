using System.Collections.Immutable;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Devices;

/// <summary>
/// The only way back: rollback, release and recovery after a crash are the same walk over the claims of a record. The claims first move
/// to the folder of removals, so that the domain is free of them whatever the kernel does; then: offline all, remove all that is proved
/// ours, again and again until nothing is left.
/// </summary>
internal sealed class TakeDown(OperationContext context)
{
    private static readonly TimeSpan LockTime = TimeSpan.FromSeconds(1);

    // A notice lists what is left while others come and go.
    private ImmutableArray<DeviceRemoval> _removals = [];
    private ImmutableArray<Record> _removedElsewhere = [];
    private ImmutableArray<Record> _unsaved = [];

    /// <summary>The claims whose devices are not known to be gone, each with the reason as half a sentence, where there is one.</summary>
    public IEnumerable<(Claim Claim, string? Trouble)> Unfinished => RemovingHere.Select(d => (d.Claim, d.Reason))
        .Concat(_removedElsewhere.Select(r => (r.Claims[0], (string?)"a worker of an earlier operation is still at it")));

    private IEnumerable<DeviceRemoval> RemovingHere => _removals.Where(d => !d.IsDone);

    /// <summary>The record is gone afterwards, or when all devices are, where a removal cannot be saved. The caller holds its lock.</summary>
    /// <returns>Why something of it stays as it is, and with it the record, as half a sentence; null when all leaves.</returns>
    public string? Begin(Record record)
    {
        var moved = record.Claims.Reverse().Where(c => c.Stage != Stage.Reserved).Select(c => (Claim: c, Done: Move(record.RemovalOf(c)))).ToArray();
        var withheld = moved.Where(m => !m.Done).Select(m => Withheld(m.Claim)).FirstOrDefault(trouble => trouble is not null);
        if (moved.All(m => m.Done))
            context.Records.Delete(record.Domain);
        else if (withheld is null)
            _unsaved = _unsaved.Add(record);
        return withheld;
    }

    /// <summary>One claim alone leaves, and the others stay. The caller holds the record's lock.</summary>
    /// <returns>Why it stays as it is, as half a sentence; null when it leaves.</returns>
    public string? Begin(Record record, Claim claim)
    {
        if (claim.Stage != Stage.Reserved && !Move(record.RemovalOf(claim), Await))
            return Withheld(claim);
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

    /// <summary>A process that is stopped, or waits in the kernel, may have the lock for something else than this removal.</summary>
    private string? Withheld(Claim claim) =>
        RemovingHere.Any(d => d.Claim.Device == claim.Device) ? null : $"another process has the lock of the removal of {claim}";

    /// <param name="wait">Given what another worker takes down, to be waited for; without, whoever needs the device waits for it.</param>
    /// <returns>False when the removal could not be saved: the device is taken down all the same, and the domain's record kept.</returns>
    private bool Move(Record removal, Action<Record>? wait = null)
    {
        FileLock? held = null;
        try
        {
            held = context.Records.LockRemoving(removal.Claims[0].Device, Deadline.After(LockTime));
            // Whoever holds the lock is taking the device down already, if it is this one.
            if (held is null)
            {
                var isLeaving = context.Records.LoadRemoving(removal.Claims[0].Device)?.Generation == removal.Generation;
                if (isLeaving)
                    wait?.Invoke(removal);
                return isLeaving;
            }

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

    /// <summary>Takes over removals whose worker has ended.</summary>
    public void Adopt()
    {
        foreach (var record in context.Records.Removing().Where(r => Unfinished.All(d => d.Claim.Device != r.Claims[0].Device)))
        {
            if (context.Records.LockRemoving(record.Claims[0].Device, Deadline.After(TimeSpan.Zero)) is not { } held)
                continue;
            if (context.Records.LoadRemoving(record.Claims[0].Device) is { } still)
            {
                _removals = _removals.Add(new DeviceRemoval(context, still, held));
                continue;
            }

            held.Delete();
            held.Dispose();
        }

        context.Records.DeleteRemovalDebris();
    }

    /// <summary>Waits for a removal that was begun elsewhere, and goes on with it where its worker has ended.</summary>
    public void Await(Record removal) => _removedElsewhere = _removedElsewhere.Add(removal);

    /// <returns>True when nothing is left; false when patience was over before.</returns>
    public bool Work(TimeBudget budget)
    {
        if (!budget.Wait(Round))
            return false;
        _unsaved = _unsaved.RemoveAll(Drop);
        return true;
    }

    public void End()
    {
        foreach (var removal in RemovingHere)
            removal.End();
    }

    /// <returns>Whether the other worker has ended; what it has not finished is taken over.</returns>
    private bool HasEnded(Record removal)
    {
        var device = removal.Claims[0].Device;
        if (context.Records.LockRemoving(device, Deadline.After(TimeSpan.Zero)) is not { } held)
            return false;
        // What is off the record has gone, and a VF may have been set for somebody else since.
        if (context.Records.LoadRemoving(device) is { } still)
        {
            _removals = _removals.Add(new DeviceRemoval(context, still, held));
            return true;
        }

        held.Delete();
        held.Dispose();
        return true;
    }

    /// <returns>False while somebody is at work for the domain, which may be the caller.</returns>
    private bool Drop(Record kept)
    {
        try
        {
            using var own = context.Records.Lock(kept.Domain, Deadline.After(TimeSpan.Zero));
            if (own is null)
                return false;
            var now = context.Records.Load(kept.Domain);
            if (now?.Generation == kept.Generation)
                context.Records.Delete(kept.Domain);
            if (now is null || now.Generation == kept.Generation)
                own.Delete();
            return true;
        }
        catch (IOException e)
        {
            context.Log.Error(e.Message);
            return true;
        }
    }

    private bool Round()
    {
        _removedElsewhere = _removedElsewhere.RemoveAll(HasEnded);
        foreach (var removal in _removals)
            removal.GoOffline();
        foreach (var removal in _removals)
            removal.Leave();
        return !Unfinished.Any();
    }
}
