using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Operations;

/// <summary>
/// virt-mdev detach: asks the guest for a device, waits until it has really let go, and takes the device down as release does. What the
/// guest has given away cannot be given back, so nothing else is changed before; broken off anywhere, it goes on when it is called again.
/// </summary>
internal sealed class HotPlugDetach(Workplace place, Virsh virsh, Notices notices, HotPlugOrder order)
{
    private readonly TakeDown _takeDown = new(place);
    private long? _life;

    /// <returns>Good with a sentence for the person who asked.</returns>
    public Answer Run() => HotPlugTarget.Change(place, virsh, order, Detach);

    private Answer Detach(HotPlugTarget target, PluggableDomain guest)
    {
        var record = guest.IsActive ? place.Records.Load(guest.Uuid) : null;
        _life = record?.Generation;
        var claim = record?.Find(order.Device);
        // What a domain that has ended had is its release's; only what is defined is changed then.
        var leaving = guest.IsActive ? Leaving(guest.Uuid) : null;
        var failure = Refusal(target, guest, claim, leaving)
            ?? (guest.IsActive && guest.Find(order.Device) is { } entry ? AskGuest(target, entry) : null)
            ?? (claim is null ? null : WaitForGuest(target, guest.Uuid, claim))
            ?? (claim is null && leaving is null ? null : TakeDown(guest.Uuid, claim, leaving))
            ?? Forget(target, guest);
        if (failure is not null)
        {
            var refusal = Answer.Refused($"domain '{guest.Name}': {failure}");
            place.Log.Error(refusal.Sentence);
            return refusal;
        }

        claim ??= leaving?.Claims[0];
        var done = claim is null ? $"'{order.Device}' is declared no more for '{guest.Name}'" : $"detached {claim} from '{guest.Name}'";
        place.Log.Info(done);
        return Answer.Done(done);
    }

    private string? Refusal(HotPlugTarget target, PluggableDomain guest, Claim? claim, Record? leaving)
    {
        if (!guest.IsActive && !order.Persistent)
            return "it does not run, so nothing can be detached from it; with --persistent the device is taken from what is defined for its next start";
        if (claim?.Handover == Handover.Commandline)
            return $"the device '{order.Device}' was given to QEMU by qemu:commandline, which cannot be taken back while it runs";
        if (claim is not null)
            return null;
        if (guest.IsActive && guest.Find(order.Device) is not null)
            return $"the device '{order.Device}' is not on record, so it is not ours to take down; 'virsh detach-device' takes it from the guest";
        var defined = order.Persistent ? target.Look(HotPlugScope.Config).Value : null;
        var isKnown = leaving is not null || guest.Declares(order.Device) || defined?.Declares(order.Device) == true;
        return isKnown ? null : $"it has no device '{order.Device}'; 'virt-mdev list' lists the devices of domains";
    }

    private string? AskGuest(HotPlugTarget target, GuestDevices.Entry entry)
    {
        var answer = target.Detach(HotPlugScope.Live, entry.Model);
        // QEMU's words for a guest that was asked before, and has not answered yet.
        var isAsked = answer.Value is not null || answer.IsSilent || answer.Trouble.Contains("in the process of unplug", StringComparison.Ordinal);
        if (isAsked || (target.Look().Value is { } now && (!now.IsActive || now.Find(order.Device) is null)))
            return null;
        return $"the device '{order.Device}' cannot be detached: {answer.Trouble}; everything is as before";
    }

    /// <summary>'Device detached successfully' means that the guest was asked: one that is paused, or has no driver for it, still has it.</summary>
    private string? WaitForGuest(HotPlugTarget target, Guid domain, Claim claim)
    {
        var still = "";
        using var notice = notices.WaitingFor(() => $"the guest to let go of '{order.Device}'");
        var isGone = order.Deadline.Wait(() => (still = Obstacle(target, domain, claim)).Length == 0 || order.IsBrokenOff()) && still.Length == 0;
        return isGone ? null : $"the guest has not let go of the device '{order.Device}' in time: {still}; nothing was taken down, "
            + "and the end of the domain will do it; a guest that is paused has to run, then detach again";
    }

    /// <returns>Why the device is not known to be free, as half a sentence; empty when it is.</returns>
    private string Obstacle(HotPlugTarget target, Guid domain, Claim claim)
    {
        if (!IsOnRecord(domain, claim))
            return "";
        var now = target.Look();
        if (now.Value is not { } guest)
            return now.Trouble;
        if (guest.IsActive && guest.Find(order.Device) is not null)
            return "libvirt says that the guest has it";
        return GroupNode.Holder(place.Root, GroupNode.Of(place.Root, claim.Device, claim.Parent)) is { } holder ? $"{holder} holds it" : "";
    }

    /// <summary>The domain may end meanwhile, and even begin another life: its release takes the device down then.</summary>
    private bool IsOnRecord(Guid domain, Claim claim) =>
        place.Records.Load(domain) is { } record && record.Generation == _life && record.Find(claim.Device)?.Inode == claim.Inode;

    /// <returns>What a detach of the same device that was broken off has left; null where there is none.</returns>
    private Record? Leaving(Guid domain)
    {
        var removal = place.Records.LoadRemoving(order.Device);
        return removal?.Domain == domain ? removal : null;
    }

    private string? TakeDown(Guid domain, Claim? claim, Record? leaving)
    {
        using (var own = place.Records.Lock(domain, Deadline.After(HotPlugTarget.UndoTime)))
        {
            if (own is null)
                return "another operation of the domain is still at work; try again";
            if (claim is not null && IsOnRecord(domain, claim) && place.Records.Load(domain) is { } record)
            {
                if (_takeDown.Begin(record, record.Find(claim.Device)!) is { } withheld)
                    return $"the guest has let go of the device {claim}, but {withheld}; detach again";
            }
            else if (leaving is not null)
            {
                _takeDown.Await(leaving);
            }

            if (place.Records.Load(domain) is null)
                own.Delete();
        }

        using var notice = notices.WaitingFor(() => $"the device '{order.Device}' to be removed");
        var isClean = _takeDown.Work(new Patience(Deadline.After(HotPlugTarget.UndoTime + place.Settings.RemovalGrace), null));
        _takeDown.End();
        return isClean ? null : string.Join("; ", _takeDown.Left.Select(d => $"the guest has let go of the device {d.Claim}, "
            + $"but it cannot be removed yet: {d.Trouble ?? "the time is over"}; 'virt-mdev reconcile --apply' goes on with it"));
    }

    private string? Forget(HotPlugTarget target, PluggableDomain guest)
    {
        var live = guest.IsActive && target.Look().Value is { IsActive: true }
            ? target.Undeclare(HotPlugScope.Live)
            : null;
        var defined = order.Persistent ? target.Undefine() ?? target.Undeclare(HotPlugScope.Config) : null;
        return live is null && defined is null ? null
            : $"the device '{order.Device}' is gone, but its declaration is not: {live ?? defined}; detach again";
    }
}
