using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Planning;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Operations;

/// <summary>
/// A further claim in the record of a domain that runs: planned under the host's lock and brought up under the record's, as prepare
/// does it, and taken down as release does it. The record's lock is never held while libvirt is asked: a release whose worker wants it
/// may come at any moment, and then takes this claim down with the others.
/// </summary>
/// <param name="domain">Declares the one device, under the rules of its declaration.</param>
internal sealed class HotPlugClaim(Workplace place, Patience patience, Domain domain, Func<bool> isBrokenOff)
{
    /// <summary>How long a plan may wait for others' removals, with the record's lock held: a domain that ends meanwhile may start again.</summary>
    private static readonly TimeSpan RemovalTime = TimeSpan.FromSeconds(20);

    private readonly TakeDown _takeDown = new(place);
    private readonly Dictionary<SysfsName, string> _failed = [];
    private Record? _own;
    private long _life;

    /// <summary>The claim that was brought up; null when none was.</summary>
    public Claim? Claim { get; private set; }

    private DeclaredHostdev Wished => domain.Declaration!.Hostdevs[0];

    /// <returns>Why not, as half a sentence, and then everything is as before; null when the device is there.</returns>
    public string? BringUp()
    {
        place.Records.MakeFolders();
        using var own = place.Records.Lock(domain.Uuid, patience.Deadline);
        if (own is null)
            return "another operation of this domain is still at work";
        _own = place.Records.Load(domain.Uuid);
        var trouble = TryBringUp();
        if (_own is null && Claim is null)
            own.Delete();
        return trouble;
    }

    private string? TryBringUp()
    {
        try
        {
            return _own?.Phase switch
            {
                Phase.Preparing or Phase.Prepared => "the domain is only being started; try again when it runs",
                Phase.Stopped => "the domain has ended and is being released",
                _ => TakeLeftoverDown() ?? TryParents(),
            };
        }
        catch (IOException e)
        {
            return e.Message;
        }
    }

    /// <returns>Why not, as half a sentence; null when nothing is left of the device, whoever took it down.</returns>
    public string? TakeBack()
    {
        if (Claim is null)
            return null;
        using (var own = place.Records.Lock(domain.Uuid, Deadline.After(HotPlugTarget.UndoTime)))
        {
            if (own is null)
                return $"another operation of the domain is at work, so {Claim} stays on record until the domain ends";
            // A release may have been quicker, and the domain begun another life.
            if (place.Records.Load(domain.Uuid) is { } record && record.Generation == _life && record.Find(Claim.Device) is { } claim
                && claim.Inode == Claim.Inode)
            {
                // QEMU may be taking it, whatever virsh said; only what is on record goes with the domain.
                if (Holder(claim) is { } holder)
                    return $"{holder} holds {claim}, which stays on record until the domain ends or 'virt-mdev detach' takes it back";
                _takeDown.Begin(record, claim);
            }

            if (place.Records.Load(domain.Uuid) is null)
                own.Delete();
        }

        return Left(Deadline.After(HotPlugTarget.UndoTime + place.Settings.RemovalGrace));
    }

    /// <summary>Of an attach that was broken off; the guest does not have the device.</summary>
    private string? TakeLeftoverDown()
    {
        if (_own?.Find(Wished.Device) is not { } leftover)
            return null;
        if (Holder(leftover) is { } holder)
            return $"{leftover} is left by an attach that was broken off, and {holder} holds it; 'virt-mdev detach' takes it back";
        place.Log.Info($"found {leftover} left by an attach that was broken off, taking it down first");
        _takeDown.Begin(_own, leftover);
        _own = _own.Claims.Length == 1 ? null : _own.Without(leftover);
        return Left(Deadline.After(HotPlugTarget.UndoTime));
    }

    private string? TryParents()
    {
        while (true)
        {
            if (MakePlan(out var refusal) is not { } planned)
                return refusal + (_failed.Count > 0 ? Hint() : "");
            var bringUp = new BringUp(place, patience, planned, Wished.Device);
            var setback = Run(bringUp);
            var claim = bringUp.Record.Find(Wished.Device)!;
            if (setback is null)
            {
                Claim = claim;
                return null;
            }

            place.Log.Warn(setback.Sentence);
            _takeDown.Begin(bringUp.Record, claim);
            var left = Left(Deadline.After(HotPlugTarget.UndoTime));
            if (left is not null || patience.IsOver || setback is not { Retry: Retry.Elsewhere, Parent: { } parent })
                return left is null ? setback.Sentence + Hint() : $"{setback.Sentence}; {left}";
            _failed[parent] = setback.Reason;
        }
    }

    /// <summary>The proposal wants all devices of a domain made before any is online; how a driver refuses then is its own affair.</summary>
    private string Hint() => _own?.Claims.Any(c => c.Dialect == Dialect.Rfc2016) == true
        ? "; drivers of the 2016 interface may refuse another device to a domain that has one online"
        : "";

    private static Setback? Run(BringUp bringUp)
    {
        try
        {
            return bringUp.Run();
        }
        catch (IOException e)
        {
            return new Setback(e.Message, Retry.No);
        }
    }

    /// <returns>The record with the new claim, saved; null with the refusal.</returns>
    private Record? MakePlan(out string refusal)
    {
        // Anew each time: what was given back may be at work in another process since, and a VF be another domain's.
        var abandoned = new TakeDown(place);
        Plan? plan = null;
        Record? record = null;
        patience.AtMost(RemovalTime).Wait(() =>
        {
            abandoned.Adopt();
            abandoned.Work(patience.AtMost(TimeSpan.Zero));
            (plan, record) = PlanAndSave();
            return plan is null || plan.Refusals.All(r => r.Hope != Hope.Removal) || isBrokenOff();
        });
        abandoned.End();
        refusal = plan is null ? $"the lock '{place.Root.State / "lock"}' is held by another process for too long" : plan.Refusals.FirstOrDefault()?.Text ?? "";
        return record;
    }

    private (Plan? Plan, Record? Record) PlanAndSave()
    {
        using var host = place.Records.LockHost(patience.Deadline);
        if (host is null)
            return (null, null);
        var order = HostOrder.Read(place, domain, domain.Declaration!, _failed.ToImmutableDictionary());
        // What the domain has takes room as other domains' devices do, and is not to be planned again.
        order = order with { Others = _own is null ? order.Others : order.Others.Add(_own), Failed = order.Failed.AddRange(AgainstTheRule(order)) };
        var plan = Planner.Make(order);
        if (plan.Record is not { } planned)
            return (plan, null);
        var record = _own?.Plus(planned.Claims[0]) ?? planned with { Phase = Phase.Started };
        place.Records.Save(record);
        _life = record.Generation;
        return (plan, record);
    }

    /// <summary>Parents on which the device would break the declaration's rule on GPUs, beside the devices that the domain has.</summary>
    private IEnumerable<KeyValuePair<SysfsName, string>> AgainstTheRule(Order order)
    {
        var rule = order.Declaration.Gpu;
        var gpus = _own?.Claims.Select(c => c.Gpu).ToHashSet() ?? [];
        if (rule == GpuRule.Any || gpus.Count == 0)
            return [];
        return order.Host.Parents.Where(p => !order.Failed.ContainsKey(p.Name) && gpus.Contains(p.Gpu) == (rule == GpuRule.Different))
            .Select(p => KeyValuePair.Create(p.Name,
                $"the domain's other devices are on {string.Join(", ", gpus.Order().Select(g => $"'{g}'"))}, and gpu='{Word.Of(rule)}'"));
    }

    private string? Holder(Claim claim) => GroupNode.Holder(place.Root, GroupNode.Of(place.Root, claim.Device, claim.Parent));

    private string? Left(Deadline deadline)
    {
        var isClean = _takeDown.Work(new Patience(deadline, null));
        _takeDown.End();
        return isClean ? null : string.Join("; ", _takeDown.Left.Select(d =>
            $"the device {d.Claim} cannot be removed yet: {d.Trouble ?? "the time is over"} ('virt-mdev reconcile' says more)"));
    }
}
