using LibvirtMdevHook.Devices;
using LibvirtMdevHook.DomainEdits;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;
using LibvirtMdevHook.Virsh;

namespace LibvirtMdevHook.HotPlug;

/// <summary>
/// virt-mdev detach: asks the guest for a device, waits until it has really let go, and takes the device down as release does. What the
/// guest has given away cannot be given back, so nothing else is changed before; broken off anywhere, it goes on when it is called again.
/// </summary>
internal sealed class DeviceDetach(OperationContext context, VirshClient virsh, WaitNotice waitNotice, HotPlugRequest request)
{
    private readonly TakeDown _takeDown = new(context);
    private long? _life;

    /// <returns>Good with a sentence for the person who asked.</returns>
    public Answer Run() => VirshDomain.Change(context, virsh, request, Detach);

    private Answer Detach(VirshDomain virshDomain, EditableDomain guest)
    {
        var record = guest.IsActive ? context.Records.Load(guest.Uuid) : null;
        _life = record?.Generation;
        var claim = record?.Find(request.Device);
        // What a domain that has ended had is its release's; only what is defined is changed then.
        var leaving = guest.IsActive ? Leaving(guest.Uuid) : null;
        var failure = Refusal(virshDomain, guest, claim, leaving)
            ?? (guest.IsActive && guest.Find(request.Device) is { } entry ? AskGuest(virshDomain, entry) : null)
            ?? (claim is null ? null : WaitForGuest(virshDomain, guest.Uuid, claim))
            ?? (claim is null && leaving is null ? null : TakeDown(guest.Uuid, claim, leaving))
            ?? Forget(virshDomain, guest);
        if (failure is not null)
        {
            var refusal = Answer.Refused($"domain '{guest.Name}': {failure}");
            context.Log.Error(refusal.Sentence);
            return refusal;
        }

        claim ??= leaving?.Claims[0];
        var done = claim is null ? $"'{request.Device}' is declared no more for '{guest.Name}'" : $"detached {claim} from '{guest.Name}'";
        context.Log.Info(done);
        return Answer.Done(done);
    }

    private string? Refusal(VirshDomain virshDomain, EditableDomain guest, Claim? claim, Record? leaving)
    {
        if (!guest.IsActive && !request.Persistent)
            return "it does not run, so nothing can be detached from it; with --persistent the device is taken from what is defined for its next start";
        if (claim?.AttachedBy == AttachedBy.Commandline)
            return $"the device '{request.Device}' was given to QEMU by qemu:commandline, which cannot be taken back while it runs";
        if (claim is not null)
            return null;
        if (guest.IsActive && guest.Find(request.Device) is not null)
            return $"the device '{request.Device}' is not on record, so it is not ours to take down; 'virsh detach-device' takes it from the guest";
        var defined = request.Persistent ? virshDomain.Look(Affect.Config).Value : null;
        var isKnown = leaving is not null || guest.Declares(request.Device) || defined?.Declares(request.Device) == true;
        return isKnown ? null : $"it has no device '{request.Device}'; 'virt-mdev list' lists the devices of domains";
    }

    private string? AskGuest(VirshDomain virshDomain, GuestDevices.Entry entry)
    {
        var answer = virshDomain.Detach(Affect.Live, entry.Model);
        // QEMU's words for a guest that was asked before, and has not answered yet.
        var isAsked = answer.Value is not null || answer.IsSilent || answer.Reason.Contains("in the process of unplug", StringComparison.Ordinal);
        if (isAsked || (virshDomain.Look().Value is { } now && (!now.IsActive || now.Find(request.Device) is null)))
            return null;
        return $"the device '{request.Device}' cannot be detached: {answer.Reason}; everything is as before";
    }

    /// <summary>'Device detached successfully' means that the guest was asked: one that is paused, or has no driver for it, still has it.</summary>
    private string? WaitForGuest(VirshDomain virshDomain, Guid domain, Claim claim)
    {
        var still = "";
        using var notice = waitNotice.WaitingFor(() => $"the guest to let go of '{request.Device}'");
        var isGone = request.Deadline.Wait(() => (still = WhyStillHeld(virshDomain, domain, claim)).Length == 0 || request.IsInterrupted()) && still.Length == 0;
        return isGone ? null : $"the guest has not let go of the device '{request.Device}' in time: {still}; nothing was taken down, "
            + "and the end of the domain will do it; a guest that is paused has to run, then detach again";
    }

    /// <returns>Why the device is not known to be free, as half a sentence; empty when it is.</returns>
    private string WhyStillHeld(VirshDomain virshDomain, Guid domain, Claim claim)
    {
        if (!IsOnRecord(domain, claim))
            return "";
        var now = virshDomain.Look();
        if (now.Value is not { } guest)
            return now.Reason;
        if (guest.IsActive && guest.Find(request.Device) is not null)
            return "libvirt says that the guest has it";
        return VfioGroup.Holder(context.Root, VfioGroup.Of(context.Root, claim.Device, claim.Parent)) is { } holder ? $"{holder} holds it" : "";
    }

    /// <summary>The domain may end meanwhile, and even begin another life: its release takes the device down then.</summary>
    private bool IsOnRecord(Guid domain, Claim claim) =>
        context.Records.Load(domain) is { } record && record.Generation == _life && record.Find(claim.Device)?.Inode == claim.Inode;

    /// <returns>What a detach of the same device that was broken off has left; null where there is none.</returns>
    private Record? Leaving(Guid domain)
    {
        var removal = context.Records.LoadRemoving(request.Device);
        return removal?.Domain == domain ? removal : null;
    }

    private string? TakeDown(Guid domain, Claim? claim, Record? leaving)
    {
        using (var own = context.Records.Lock(domain, Deadline.After(VirshDomain.UndoTime)))
        {
            if (own is null)
                return "another operation of the domain is still at work; try again";
            if (claim is not null && IsOnRecord(domain, claim) && context.Records.Load(domain) is { } record)
            {
                if (_takeDown.Begin(record, record.Find(claim.Device)!) is { } withheld)
                    return $"the guest has let go of the device {claim}, but {withheld}; detach again";
            }
            else if (leaving is not null)
            {
                _takeDown.Await(leaving);
            }

            if (context.Records.Load(domain) is null)
                own.Delete();
        }

        using var notice = waitNotice.WaitingFor(() => $"the device '{request.Device}' to be removed");
        var isClean = _takeDown.Work(new TimeBudget(Deadline.After(VirshDomain.UndoTime + context.Settings.RemovalGrace), null));
        _takeDown.End();
        return isClean ? null : string.Join("; ", _takeDown.Unfinished.Select(d => $"the guest has let go of the device {d.Claim}, "
            + $"but it cannot be removed yet: {d.Trouble ?? "the time is over"}; 'virt-mdev reconcile --apply' goes on with it"));
    }

    private string? Forget(VirshDomain virshDomain, EditableDomain guest)
    {
        var live = guest.IsActive && virshDomain.Look().Value is { IsActive: true }
            ? virshDomain.Undeclare(Affect.Live)
            : null;
        var defined = request.Persistent ? virshDomain.Undefine() ?? virshDomain.Undeclare(Affect.Config) : null;
        return live is null && defined is null ? null
            : $"the device '{request.Device}' is gone, but its declaration is not: {live ?? defined}; detach again";
    }
}
