using LibvirtMdevHook.Devices;
using LibvirtMdevHook.DomainEdits;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;
using LibvirtMdevHook.Virsh;

namespace LibvirtMdevHook.HotPlug;

/// <summary>
/// virt-mdev detach: asks the guest for a device, waits until it has really let go, and takes the
/// device down as release does. What the guest has given away cannot be given back, so nothing else
/// is changed before. Interrupted anywhere, it goes on when it is called again.
/// </summary>
internal sealed class DeviceDetach(OperationContext context, VirshClient virsh, WaitNotice waitNotice, HotPlugRequest request)
{
    private readonly TakeDown _takeDown = new(context);
    private readonly LastHolder _holder = new(context.Root);
    private Moment? _generation;

    /// <returns>Good with a sentence for the person who asked.</returns>
    public Answer Run() => VirshDomain.Change(context, virsh, request, DetachFrom);

    private Answer DetachFrom(VirshDomain virshDomain, EditableDomain guest)
    {
        var record = guest.IsActive ? context.Records.Load(guest.Uuid) : null;
        _generation = record?.Generation;
        var claim = record?.Find(request.Device);
        // What a domain that has ended had is its release's; only what is defined is changed then.
        var removal = guest.IsActive ? InterruptedRemoval(guest.Uuid) : null;
        if (TryDetach(virshDomain, guest, claim, removal) is { } failure)
        {
            var refusal = Answer.Refused(guest.Name, failure.Text);
            context.Log.Error(refusal.Sentence);
            return refusal;
        }

        claim ??= removal?.Claims[0];
        var done = claim is null ? $"'{request.Device}' is declared no more for '{guest.Name}'" : $"detached {claim} from '{guest.Name}'";
        context.Log.Info(done);
        return Answer.Done(done);
    }

    private Reason? TryDetach(VirshDomain virshDomain, EditableDomain guest, Claim? claim, Record? removal)
    {
        var failure = WhyNotPossible(virshDomain, guest, claim, removal);
        if (failure is null && guest.IsActive && guest.Find(request.Device) is { } entry)
            failure = TryAskGuest(virshDomain, entry);
        if (failure is null && claim is not null)
            failure = TryWaitForGuest(virshDomain, guest.Uuid, claim);
        if (failure is null && (claim is not null || removal is not null))
            failure = TryTakeDown(guest.Uuid, claim, removal);
        return failure ?? TryForget(virshDomain, guest);
    }

    private Reason? WhyNotPossible(VirshDomain virshDomain, EditableDomain guest, Claim? claim, Record? removal)
    {
        if (!guest.IsActive && !request.Persistent)
        {
            return "it does not run, so nothing can be detached from it; "
                + "with --persistent the device is taken from what is defined for its next start";
        }

        if (claim?.AttachedBy == AttachedBy.Commandline)
            return $"the device '{request.Device}' was given to QEMU by qemu:commandline, which cannot be taken back while it runs";
        if (claim is not null)
            return null;
        if (guest.IsActive && guest.Find(request.Device) is not null)
        {
            return $"the device '{request.Device}' is not on record, so it is not ours to take down; "
                + "'virsh detach-device' takes it from the guest";
        }

        var defined = request.Persistent ? virshDomain.Look(Affect.Config).Value : null;
        var isKnown = removal is not null || guest.Declares(request.Device) || defined?.Declares(request.Device) == true;
        return isKnown ? null : $"it has no device '{request.Device}'; 'virt-mdev list' lists the devices of domains";
    }

    private Reason? TryAskGuest(VirshDomain virshDomain, GuestDevices.Entry entry)
    {
        var answer = virshDomain.Detach(Affect.Live, entry.Model);
        if (answer.Value is not null || answer.IsSilent)
            return null;
        // QEMU's words for a guest that was asked before, and has not answered yet.
        if (answer.Reason.Contains("in the process of unplug", StringComparison.Ordinal))
            return null;
        if (virshDomain.Look().Value is { } now && (!now.IsActive || now.Find(request.Device) is null))
            return null;
        return $"the device '{request.Device}' cannot be detached: {answer.Reason}; everything is as before";
    }

    /// <summary>
    /// 'Device detached successfully' means that the guest was asked: one that is paused, or has no
    /// driver for it, still has it.
    /// </summary>
    private Reason? TryWaitForGuest(VirshDomain virshDomain, Guid domain, Claim claim)
    {
        Reason? held = null;
        using var notice = waitNotice.WaitingFor(() => $"the guest to let go of '{request.Device}'");
        foreach (var _ in request.Deadline.Attempts())
        {
            held = WhyStillHeld(virshDomain, domain, claim);
            if (held is null)
                return null;
            if (request.IsInterrupted())
                break;
        }

        return $"the guest has not let go of the device '{request.Device}' in time: {held}; nothing was taken down, "
            + "and the end of the domain will do it; a guest that is paused has to run, then detach again";
    }

    /// <returns>Why the device is not known to be free; null when it is.</returns>
    private Reason? WhyStillHeld(VirshDomain virshDomain, Guid domain, Claim claim)
    {
        if (!IsOnRecord(context.Records.Load(domain), claim))
            return null;
        var now = virshDomain.Look();
        if (now.Value is not { } guest)
            return now.Reason;
        if (guest.IsActive && guest.Find(request.Device) is not null)
            return "libvirt says that the guest has it";
        return _holder.WhyNotFree(VfioNodes.Of(context.Root, claim.Device, claim.Parent));
    }

    /// <summary>
    /// The domain may end meanwhile, and even begin another life: its release takes the device down
    /// then.
    /// </summary>
    private bool IsOnRecord(Record? record, Claim claim) =>
        record is not null && record.Generation == _generation && record.Find(claim.Device)?.Inode == claim.Inode;

    /// <returns>
    /// What a detach of the same device that was interrupted has left; null where there is none.
    /// </returns>
    private Record? InterruptedRemoval(Guid domain)
    {
        var removal = context.Records.LoadRemoving(request.Device);
        return removal?.Domain == domain ? removal : null;
    }

    private Reason? TryTakeDown(Guid domain, Claim? claim, Record? removal)
    {
        if (TryBeginTakeDown(domain, claim, removal) is { } reason)
            return reason;
        using var notice = waitNotice.WaitingFor(() => $"the device '{request.Device}' to be removed");
        var isClean = _takeDown.Work(new TimeBudget(Deadline.After(VirshDomain.UndoTime + context.Settings.RemovalGrace), null));
        _takeDown.End();
        if (isClean)
            return null;
        return string.Join("; ", _takeDown.Unfinished.Select(left => $"the guest has let go of the device {left.Claim}, "
            + $"but it cannot be removed yet: {left.Reason ?? "the time is over"}; 'virt-mdev reconcile --apply' goes on with it"));
    }

    private Reason? TryBeginTakeDown(Guid domain, Claim? claim, Record? removal)
    {
        using var own = context.Records.Lock(domain, Deadline.After(VirshDomain.UndoTime));
        if (own is null)
            return "another operation of the domain is still at work; try again";
        if (claim is not null && own.Load() is { } record && IsOnRecord(record, claim))
        {
            if (_takeDown.TryBegin(record, record.Find(claim.Device)!) is { } withheld)
                return $"the guest has let go of the device {claim}, but {withheld}; detach again";
        }
        else if (removal is not null)
        {
            _takeDown.Await(removal);
        }

        return null;
    }

    private Reason? TryForget(VirshDomain virshDomain, EditableDomain guest)
    {
        Reason? live = null;
        if (guest.IsActive && virshDomain.Look().Value is { IsActive: true })
            live = virshDomain.TryUndeclare(Affect.Live);
        Reason? defined = null;
        if (request.Persistent)
            defined = virshDomain.TryUndefine() ?? virshDomain.TryUndeclare(Affect.Config);
        if ((live ?? defined) is not { } reason)
            return null;
        return $"the device '{request.Device}' is gone, but its declaration is not: {reason}; detach again";
    }
}
