using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Operations;

/// <summary>
/// The only way back: rollback, release and recovery after a crash are the same walk over the claims of a record. The claims first move
/// to the folder of removals, so that the domain is free of them whatever the kernel does; then: offline all, remove all that is proved
/// ours, again and again until nothing is left.
/// </summary>
internal sealed class TakeDown(Workplace place)
{
    private static readonly TimeSpan LockTime = TimeSpan.FromSeconds(1);

    private readonly List<Departure> _departures = [];
    private readonly List<Record> _kept = [];

    public IEnumerable<Departure> Left => _departures.Where(d => !d.IsDone);

    /// <summary>The record is gone afterwards, or when all devices are, where a removal cannot be saved. The caller holds its lock.</summary>
    public void Begin(Record record)
    {
        var moved = record.Claims.Reverse().Where(c => c.Stage != Stage.Reserved).Select(c => Move(record.RemovalOf(c))).ToArray();
        if (moved.Contains(false))
            _kept.Add(record);
        else
            place.Records.Delete(record.Domain);
    }

    /// <summary>One claim alone leaves, and the others stay. The caller holds the record's lock.</summary>
    public void Begin(Record record, Claim claim)
    {
        if (claim.Stage != Stage.Reserved && !Move(record.RemovalOf(claim)))
            return;
        var rest = record.Without(claim);
        try
        {
            if (rest.Claims.IsEmpty)
                place.Records.Delete(record.Domain);
            else
                place.Records.Save(rest);
        }
        catch (IOException e)
        {
            place.Log.Error($"{e.Message}; {claim} is taken down all the same");
        }
    }

    /// <returns>False when the removal could not be saved: the device is taken down all the same, and the domain's record kept.</returns>
    private bool Move(Record removal)
    {
        FileLock? held = null;
        try
        {
            held = place.Records.LockRemoving(removal.Claims[0].Device, Deadline.After(LockTime));
            // Whoever holds the lock is taking the device down already, if it is this one.
            if (held is null)
                return place.Records.LoadRemoving(removal.Claims[0].Device)?.Generation == removal.Generation;
            place.Records.SaveRemoving(removal);
            _departures.Add(new Departure(place, removal, held));
            return true;
        }
        catch (IOException e)
        {
            place.Log.Error($"{e.Message}; {removal.Claims[0]} is taken down all the same");
            _departures.Add(new Departure(place, removal, held));
            return false;
        }
    }

    /// <summary>Takes over removals whose worker has ended.</summary>
    public void Adopt()
    {
        foreach (var record in place.Records.Removing().Where(r => Left.All(d => d.Claim.Device != r.Claims[0].Device)))
        {
            if (place.Records.LockRemoving(record.Claims[0].Device, Deadline.After(TimeSpan.Zero)) is not { } held)
                continue;
            if (place.Records.LoadRemoving(record.Claims[0].Device) is { } still)
            {
                _departures.Add(new Departure(place, still, held));
                continue;
            }

            held.Delete();
            held.Dispose();
        }

        place.Records.DeleteRemovalDebris();
    }

    /// <returns>True when nothing is left; false when patience was over before.</returns>
    public bool Work(Patience patience)
    {
        if (!patience.Wait(Round))
            return false;
        _kept.RemoveAll(Drop);
        return true;
    }

    public void End()
    {
        foreach (var departure in Left)
            departure.End();
    }

    /// <returns>False while somebody is at work for the domain, which may be the caller.</returns>
    private bool Drop(Record kept)
    {
        try
        {
            using var own = place.Records.Lock(kept.Domain, Deadline.After(TimeSpan.Zero));
            if (own is null)
                return false;
            var now = place.Records.Load(kept.Domain);
            if (now?.Generation == kept.Generation)
                place.Records.Delete(kept.Domain);
            if (now is null || now.Generation == kept.Generation)
                own.Delete();
            return true;
        }
        catch (IOException e)
        {
            place.Log.Error(e.Message);
            return true;
        }
    }

    private bool Round()
    {
        foreach (var departure in _departures)
            departure.GoOffline();
        foreach (var departure in _departures)
            departure.Leave();
        return !Left.Any();
    }
}
