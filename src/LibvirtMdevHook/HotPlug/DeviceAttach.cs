using LibvirtMdevHook.Devices;
using LibvirtMdevHook.DomainEdits;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Planning;
using LibvirtMdevHook.Virsh;

namespace LibvirtMdevHook.HotPlug;

/// <summary>
/// virt-mdev attach: brings a device up as prepare does and hands it to a guest that runs, or only
/// declares it for the next start of a domain that does not run. The guest comes last: everything
/// before it can be undone without its help, and is undone when a step fails.
/// </summary>
internal sealed class DeviceAttach(OperationContext context, VirshClient virsh, WaitNotice waitNotice, HotPlugRequest request)
{
    private readonly Stack<Func<Reason?>> _undo = [];

    /// <summary>With the name that the device gets, once it has one.</summary>
    private RequestedDevice _device = request.Requested;

    /// <returns>Good with a sentence for the person who asked.</returns>
    public Answer Run() => VirshDomain.Change(context, virsh, request, AttachTo);

    private Answer AttachTo(VirshDomain virshDomain, EditableDomain guest)
    {
        if (WhyNotPossible(guest) is { } impossible)
            return Answer.Refused(guest.Name, impossible.Text);
        Domain domain;
        try
        {
            domain = guest.WithRequested(request.Requested, context.Settings.AllowedAttributes);
        }
        catch (DomainXmlException e)
        {
            return Answer.Refused(guest.Name, $"{e.Problems[0]}");
        }

        var has = request.Requested.IsUnnamed ? guest.Devices.Concat(Defined(virshDomain, guest)).ToArray() : null;
        var claim = new AttachClaim(context, request, domain, has);
        if (TryAttach(claim, guest, isUnnamed: has is not null) is { } failure)
        {
            context.Log.Error(failure.Text);
            return Answer.Refused(guest.Name, $"{failure}; {Undo()}");
        }

        return Answer.Done(Done(guest, claim));
    }

    private Reason? WhyNotPossible(EditableDomain guest)
    {
        if (!guest.IsActive && !request.Persistent)
            return "it does not run, so nothing can be attached to it; with --persistent the device is declared for its next start";
        if (guest.Find(_device.Device) is not null)
            return $"it has the device '{_device.Device}' already";
        if (!guest.IsFull(request.Requested))
            return null;
        return $"it would declare more than {DeclarationXml.MaximumHostdevs} devices or {DeclarationXml.MaximumAttrs} attributes, "
            + "the most there may be";
    }

    private Reason? TryAttach(AttachClaim claim, EditableDomain guest, bool isUnnamed)
    {
        Reason? failure = null;
        if (guest.IsActive)
            failure = TryBringUp(claim);
        else if (isUnnamed)
            failure = claim.TryChoose();
        _device = _device with { Device = claim.Device };
        var virshDomain = new VirshDomain(virsh, guest.Uuid, request with { Requested = _device });
        failure ??= WhyInterrupted();
        if (failure is null && request.Persistent)
            failure = TryDefine(virshDomain);
        failure ??= WhyInterrupted();
        if (failure is null && guest.IsActive)
            failure = TryAttachToGuest(virshDomain, claim);
        return failure;
    }

    /// <summary>
    /// What the next start begins with may have VFs that the domain as it runs has not.
    /// </summary>
    private IEnumerable<DeviceId> Defined(VirshDomain virshDomain, EditableDomain guest)
    {
        if (!request.Persistent || !guest.IsActive)
            return [];
        return virshDomain.Look(Affect.Config).Value?.Devices ?? [];
    }

    private Reason? WhyInterrupted() => request.IsInterrupted() ? "it was broken off" : null;

    private Reason? TryBringUp(AttachClaim claim)
    {
        using var notice = waitNotice.WaitingFor(() => $"the device '{_device.Device}' to come up");
        // As with a removal: a write that the kernel never answers is left behind with its thread,
        // and the record tells of it.
        Task<Reason?> work;
        try
        {
            work = OwnThread.Start(claim.TryBringUp);
        }
        catch (IOException e)
        {
            return e.Message;
        }

        var limit = TimeSpan.FromMilliseconds(request.Deadline.Milliseconds) + VirshDomain.UndoTime + context.Settings.RemovalGrace;
        if (Task.WaitAny([work], limit) < 0)
            return "the kernel does not answer";
        _undo.Push(claim.TryTakeBack);
        return work.GetAwaiter().GetResult();
    }

    /// <summary>
    /// For the next start: prepare refuses a declared device that has no hostdev in a sentence that
    /// says how to put it right.
    /// </summary>
    private Reason? TryDefine(VirshDomain virshDomain)
    {
        if (virshDomain.TryDeclare(Affect.Config, _undo) is { } undeclared)
            return $"the device '{_device.Device}' cannot be declared for the next start: {undeclared}";
        if (virshDomain.Look(Affect.Config).Value?.Find(_device.Device) is not null)
            return null;
        _undo.Push(virshDomain.TryUndefine);
        var answer = virshDomain.Attach(Affect.Config, Model());
        return answer.Value is null ? $"the device '{_device.Device}' cannot be defined for the next start: {answer.Reason}" : null;
    }

    private Reason? TryAttachToGuest(VirshDomain virshDomain, AttachClaim claim)
    {
        if (virshDomain.TryDeclare(Affect.Live, _undo) is { } undeclared)
            return $"the device '{_device.Device}' cannot be declared: {undeclared}";
        if (claim.TryOffer() is { } reason)
            return reason;
        var answer = virshDomain.Attach(Affect.Live, Model());
        if (answer.Value is not null)
            return null;
        // Whatever virsh said or did not say: what counts is whether libvirt says that the guest
        // has the device.
        var now = virshDomain.Look();
        if (now.Value is { IsActive: true } active && active.Find(_device.Device) is not null)
            return null;
        if (now.Value is not null || !now.IsSilent)
            return $"the device '{_device.Device}' cannot be attached: {answer.Reason}";
        _undo.Clear();
        return $"libvirt gives no answer, so it is not known whether the guest has got the device '{_device.Device}': {answer.Reason}";
    }

    /// <summary>libvirt compares it with what the device's type says.</summary>
    private string Model()
    {
        if (_device.Device.Address is not null)
            return HostdevXml.UsualModel;
        if (HostFile.ReadTrimmed(context.Root.MdevDevices / _device.Device.Name / "mdev_type/device_api") is { } api)
            return api;
        // A domain that does not run gets its device at its next start.
        return (_device.Type is { } type ? HostdevModel.Of(context.Root, type, _device.Parents) : null) ?? HostdevXml.UsualModel;
    }

    private string Undo()
    {
        if (_undo.Count == 0)
            return "nothing was undone; 'virt-mdev detach' or the end of the domain takes the device back";
        using var notice = waitNotice.WaitingFor(() => $"the device '{_device.Device}' to be taken back");
        var reasons = new List<Reason>();
        foreach (var undo in _undo)
        {
            if (undo() is { } reason)
                reasons.Add(reason);
        }

        return reasons.Count == 0 ? "everything is as before" : $"not everything is as before: {string.Join("; ", reasons)}";
    }

    private string Done(EditableDomain guest, AttachClaim claim)
    {
        var done = claim.Claim is { } attached
            ? $"attached {attached} to '{guest.Name}'"
            : $"declared '{_device.Device}' for the next start of '{guest.Name}'";
        context.Log.Info(done);
        return done;
    }
}
