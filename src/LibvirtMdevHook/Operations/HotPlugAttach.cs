using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Operations;

/// <summary>
/// virt-mdev attach: brings a device up as prepare does and hands it to a guest that runs; or only declares it for the next start of a
/// domain that does not. The guest comes last: everything before it can be undone without its help, and is when a step fails.
/// </summary>
internal sealed class HotPlugAttach(Workplace place, Virsh virsh, Notices notices, HotPlugOrder order)
{
    private readonly Stack<Func<string?>> _undo = [];

    /// <summary>With the name that the device gets, once it has one.</summary>
    private PlugWish _wish = order.Wish;

    /// <returns>Good with a sentence for the person who asked.</returns>
    public Answer Run() => HotPlugTarget.Change(place, virsh, order, Attach);

    private Answer Attach(HotPlugTarget target, PluggableDomain guest)
    {
        var subject = $"domain '{guest.Name}': ";
        if (!guest.IsActive && !order.Persistent)
            return Answer.Refused($"{subject}it does not run, so nothing can be attached to it; with --persistent the device is declared for its next start");
        if (guest.Find(_wish.Device) is not null)
            return Answer.Refused($"{subject}it has the device '{_wish.Device}' already");
        if (guest.IsFull(order.Wish))
        {
            return Answer.Refused($"{subject}it would declare more than {DeclarationXml.MaximumHostdevs} devices or {DeclarationXml.MaximumAttrs} "
                + "attributes, the most there may be");
        }

        Domain wishing;
        try
        {
            wishing = guest.Wishing(order.Wish, place.Settings.AllowedAttributes);
        }
        catch (DomainXmlException e)
        {
            return Answer.Refused($"{subject}{e.Problems[0]}");
        }

        var has = order.Wish.IsUnnamed ? guest.Devices.Concat(Defined(target, guest)).ToArray() : null;
        var claim = new HotPlugClaim(place, new Patience(order.Deadline, null), wishing, has, order.IsBrokenOff);
        var failure = guest.IsActive ? BringUp(claim) : has is null ? null : claim.Choose();
        _wish = _wish with { Device = claim.Device };
        target = new HotPlugTarget(virsh, guest.Uuid, order with { Wish = _wish });
        failure ??= BrokenOff() ?? (order.Persistent ? Define(target) : null) ?? BrokenOff() ?? (guest.IsActive ? HandOver(target, claim) : null);
        if (failure is null)
            return Answer.Done(Done(guest, claim));
        place.Log.Error(failure);
        var prefix = failure.StartsWith(subject, StringComparison.Ordinal) ? "" : subject;
        return Answer.Refused($"{prefix}{failure}; {Undo()}");
    }

    /// <summary>What the next start begins with may have VFs that the domain as it runs has not.</summary>
    private IEnumerable<DeviceId> Defined(HotPlugTarget target, PluggableDomain guest) =>
        order.Persistent && guest.IsActive ? target.Look(HotPlugScope.Config).Value?.Devices ?? [] : [];

    private string? BrokenOff() => order.IsBrokenOff() ? "it was broken off" : null;

    private string? BringUp(HotPlugClaim claim)
    {
        using var notice = notices.WaitingFor(() => $"the device '{_wish.Device}' to come up");
        // As with a removal: a write that the kernel never answers is left behind with its thread, and the record tells of it.
        Task<string?> work;
        try
        {
            work = OwnThread.Start(claim.BringUp);
        }
        catch (IOException e)
        {
            return e.Message;
        }

        var limit = TimeSpan.FromMilliseconds(order.Deadline.Milliseconds) + HotPlugTarget.UndoTime + place.Settings.RemovalGrace;
        if (Task.WaitAny([work], limit) < 0)
            return "the kernel does not answer";
        _undo.Push(claim.TakeBack);
        return work.GetAwaiter().GetResult();
    }

    /// <summary>For the next start: prepare refuses a declared device that has no hostdev in a sentence that says how to put it right.</summary>
    private string? Define(HotPlugTarget target)
    {
        if (target.Declare(HotPlugScope.Config, _undo) is { } undeclared)
            return $"the device '{_wish.Device}' cannot be declared for the next start: {undeclared}";
        if (target.Look(HotPlugScope.Config).Value?.Find(_wish.Device) is not null)
            return null;
        _undo.Push(target.Undefine);
        var answer = target.Attach(HotPlugScope.Config, Model());
        return answer.Value is null ? $"the device '{_wish.Device}' cannot be defined for the next start: {answer.Trouble}" : null;
    }

    private string? HandOver(HotPlugTarget target, HotPlugClaim claim)
    {
        if (target.Declare(HotPlugScope.Live, _undo) is { } undeclared)
            return $"the device '{_wish.Device}' cannot be declared: {undeclared}";
        if (claim.Offer() is { } trouble)
            return trouble;
        var answer = target.Attach(HotPlugScope.Live, Model());
        if (answer.Value is not null)
            return null;
        // Whatever virsh said or did not say: what libvirt says that the guest has is what counts.
        var now = target.Look();
        if (now.Value is { IsActive: true } active && active.Find(_wish.Device) is not null)
            return null;
        if (now.Value is not null || !now.IsSilent)
            return $"the device '{_wish.Device}' cannot be attached: {answer.Trouble}";
        _undo.Clear();
        return $"libvirt gives no answer, so it is not known whether the guest has got the device '{_wish.Device}': {answer.Trouble}";
    }

    /// <summary>libvirt compares it with what the device's type says.</summary>
    private string Model() =>
        Sysfs.ReadTrimmed(place.Root.MdevDevices / _wish.Device.Name / "mdev_type/device_api") ?? NativeHostdev.UsualModel;

    private string Undo()
    {
        if (_undo.Count == 0)
            return "nothing was undone; 'virt-mdev detach' or the end of the domain takes the device back";
        using var notice = notices.WaitingFor(() => $"the device '{_wish.Device}' to be taken back");
        var troubles = _undo.Select(undo => undo()).OfType<string>().ToArray();
        return troubles.Length == 0 ? "everything is as before" : $"not everything is as before: {string.Join("; ", troubles)}";
    }

    private string Done(PluggableDomain guest, HotPlugClaim claim)
    {
        var done = claim.Claim is { } attached
            ? $"attached {attached} to '{guest.Name}'"
            : $"declared '{_wish.Device}' for the next start of '{guest.Name}'";
        place.Log.Info(done);
        return done;
    }
}
