using LibvirtMdevHook.Devices;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.HotPlug;

/// <summary>
/// One more claim in the record of a domain that runs: planned under the host's lock and brought up
/// under the record's, as prepare does it, and taken down as release does it. The record's lock is
/// never held while libvirt is asked: a release whose worker wants it may come at any moment, and
/// then takes this claim down with the others.
/// </summary>
/// <param name="domain">Declares the one device, under the rules of its declaration.</param>
/// <param name="has">
/// The devices of the guest, for a device without a name yet; null where the device has its name.
/// </param>
internal sealed class AttachClaim(OperationContext context, HotPlugRequest request, Domain domain, IReadOnlyList<DeviceId>? has)
{
    private readonly TakeDown _takeDown = new(context);
    private readonly TimeBudget _budget = new(request.Deadline, null);
    private readonly AttachPlan _plan = new(context, request, domain, has);
    private Record? _own;
    private Moment _generation;
    private Reason? _unfinished;

    /// <summary>The claim that was brought up; null when none was.</summary>
    public Claim? Claim { get; private set; }

    /// <summary>What the device is called; a VF only once it is chosen.</summary>
    public DeviceId Device { get; private set; } = domain.Declaration!.Hostdevs[0].Device;

    /// <summary>
    /// Brings the device up. Where that fails, <see cref="TryTakeBack"/> says whether all is as
    /// before.
    /// </summary>
    public Reason? TryBringUp()
    {
        context.Records.MakeFolders();
        using var own = context.Records.Lock(domain.Uuid, request.Deadline);
        if (own is null)
            return "another operation of this domain is still at work";
        try
        {
            _own = own.Load();
            return own.WhyNotReplaced() ?? WhyNotRunning(_own) ?? TryTakeLeftoverDown() ?? TryParents();
        }
        catch (IOException e)
        {
            return e.Message;
        }
    }

    /// <summary>For a domain that does not run; see <see cref="AttachPlan.TryChoose"/>.</summary>
    public Reason? TryChoose()
    {
        var reason = _plan.TryChoose(out var chosen);
        Device = chosen ?? Device;
        return reason;
    }

    /// <summary>
    /// Notes on record that QEMU may open the device from here on, and that NVIDIA's driver may
    /// remove it when QEMU lets go.
    /// </summary>
    public Reason? TryOffer()
    {
        try
        {
            using var own = context.Records.Lock(domain.Uuid, request.Deadline.AtLeast(Deadline.After(VirshDomain.UndoTime)));
            if (own is null)
                return "another operation of the domain is still at work";
            if (OwnRecord(own) is not { } record)
                return $"the domain has ended, and {Claim} with it";
            own.Save(record.With(record.Find(Claim!.Device)! with { IsHeldBack = false }));
            return null;
        }
        catch (IOException e)
        {
            return e.Message;
        }
    }

    /// <summary>
    /// Takes the device down again. Records that cannot be read or written are a reason like
    /// others: the rest has to be undone, too.
    /// </summary>
    /// <returns>
    /// Null when nothing is left of the device, whichever operation took it down.
    /// </returns>
    public Reason? TryTakeBack()
    {
        if (Claim is null)
            return _unfinished;
        try
        {
            return TryBeginTakeDown(Claim) ?? TryFinish(Deadline.After(VirshDomain.UndoTime + context.Settings.RemovalGrace));
        }
        catch (IOException e)
        {
            return e.Message;
        }
    }

    private Reason? TryBeginTakeDown(Claim attached)
    {
        using var own = context.Records.Lock(domain.Uuid, Deadline.After(VirshDomain.UndoTime));
        if (own is null)
            return $"another operation of the domain is at work, so {attached} stays on record until the domain ends";
        if (OwnRecord(own) is not { } record || record.Find(attached.Device) is not { } claim)
            return null;
        // QEMU may be taking it, whatever virsh said; only what is on record goes with the domain.
        if (WhyNotFree(claim) is { } held)
            return $"{held}; {claim} stays on record until the domain ends or 'virt-mdev detach' takes it back";
        return _takeDown.TryBegin(record, claim) is { } withheld ? $"{withheld}; it stays on record until the domain ends" : null;
    }

    private static Reason? WhyNotRunning(Record? own) => own?.Phase switch
    {
        Phase.Preparing or Phase.Prepared => "the domain is only being started; try again when it runs",
        Phase.Stopped => "the domain has ended and is being released",
        _ => null,
    };

    /// <summary>
    /// Takes down what an attach that was interrupted left. The guest does not have that device.
    /// </summary>
    private Reason? TryTakeLeftoverDown()
    {
        if (_own?.Find(Device) is not { } leftover)
            return null;
        if (WhyNotFree(leftover) is { } held)
            return $"{leftover} is left by an attach that was broken off, and {held}; 'virt-mdev detach' takes it back";
        context.Log.Info($"found {leftover} left by an attach that was broken off, taking it down first");
        if (_takeDown.TryBegin(_own, leftover) is { } withheld)
            return withheld;
        _own = _own.Claims.Length == 1 ? null : _own.Without(leftover);
        return TryFinish(Deadline.After(VirshDomain.UndoTime));
    }

    private Reason? TryParents()
    {
        while (true)
        {
            if (_plan.TryMake(_own, out var planned) is { } refusal)
                return refusal.Text + (_plan.HasFailedParents ? Hint() : "");
            (Device, _generation) = (planned!.Claims[^1].Device, planned.Generation);
            var bringUp = new BringUp(context, _budget, planned, Device);
            var failure = bringUp.Run();
            var claim = bringUp.Record.Find(Device)!;
            if (failure is null)
            {
                Claim = claim;
                return null;
            }

            context.Log.Warn(failure.Sentence);
            var unfinished = _takeDown.TryBegin(bringUp.Record, claim) ?? TryFinish(Deadline.After(VirshDomain.UndoTime));
            if (unfinished is not null || _budget.IsOver || failure is not { Retry: Retry.Elsewhere, Parent: { } parent })
            {
                _unfinished = unfinished;
                return failure.Sentence + (unfinished is null ? Hint() : "");
            }

            _plan.LeaveOut(parent, failure.Reason);
        }
    }

    /// <summary>
    /// The proposal wants all devices of a domain made before any is online; how a driver refuses
    /// then is its own affair.
    /// </summary>
    private string Hint() => _own?.Claims.Any(c => c.Dialect == Dialect.Rfc2016) == true
        ? "; drivers of the 2016 interface may refuse another device to a domain that has one online"
        : "";

    /// <returns>
    /// Null when a release was quicker; the domain may even have begun another life.
    /// </returns>
    private Record? OwnRecord(LockedRecord own)
    {
        if (own.Load() is not { } record || record.Generation != _generation)
            return null;
        return record.Find(Claim!.Device)?.Inode == Claim.Inode ? record : null;
    }

    private Reason? WhyNotFree(Claim claim) =>
        new VfioHolders(context.Root).WhyNotFree(VfioNodes.Of(context.Root, claim.Device, claim.Parent));

    private Reason? TryFinish(Deadline deadline)
    {
        var isClean = _takeDown.Work(new TimeBudget(deadline, null));
        _takeDown.End();
        if (isClean)
            return null;
        return string.Join("; ", _takeDown.Unfinished.Select(left =>
            $"the device {left.Claim} cannot be removed yet: {left.Reason ?? "the time is over"} ('virt-mdev reconcile' says more)"));
    }
}
