using LibvirtMdevHook.Devices;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.HookOperations;

/// <summary>
/// start: every device must still be there, of the right type and online. libvirt knows nothing of
/// a device of qemu:commandline, so its node is given to the user that QEMU runs as; the nodes of
/// native hostdevs libvirt labels itself, after this operation.
/// </summary>
internal sealed class StartOperation(OperationContext context, TimeBudget budget, WorkerRequest request) : Operation
{
    public override Answer Run()
    {
        using var own = context.Records.Lock(request.Domain, request.Call, budget.Deadline);
        if (own is null)
            return Refuse("an earlier operation of this domain is still at work");
        if (budget.HookIsGone)
            return Refuse(HookIsGone);
        if (own.Load() is not { } record)
            return Answer.Good;
        try
        {
            return Start(own, record);
        }
        catch (DomainXmlException e)
        {
            return Refuse($"{e.Problems[0]}");
        }
    }

    private Answer Start(LockedRecord own, Record record)
    {
        if (WhyNotReady(record) is { } unready)
            return IsLeftover(record) ? LeaveToRelease(own, record, unready) : Refuse($"{unready}; start the domain again");
        if (TryHandOver(own, record with { Phase = Phase.Starting }) is { } reason)
            return IsLeftover(record) ? LeaveToRelease(own, record, reason) : Refuse(reason);
        return Answer.Good;
    }

    /// <summary>
    /// Whether the record is of an earlier start, whose end libvirtd told no hook. The record that
    /// prepare saves for this start has the devices that the domain declares.
    /// </summary>
    /// <exception cref="DomainXmlException">The declaration cannot be taken.</exception>
    private bool IsLeftover(Record record)
    {
        var declared = DomainXml.Parse(request.Xml, context.Settings.AllowedAttributes).Declaration?.Hostdevs ?? [];
        return !declared.Any(hostdev => record.Find(hostdev.Device) is not null);
    }

    /// <summary>
    /// Leaves such a record to release, which comes after QEMU has ended: QEMU may hold what is
    /// left of its devices.
    /// </summary>
    private Answer LeaveToRelease(LockedRecord own, Record record, Reason reason)
    {
        context.Log.Warn($"{reason}; but the domain declares nothing of its record, which an earlier start left; release takes it down");
        try
        {
            own.Save(record with { Phase = Phase.Starting });
        }
        catch (IOException e)
        {
            context.Log.Warn($"{e.Message}, ignoring");
        }

        return Answer.Good;
    }

    /// <summary>The first device that is not ready, and why.</summary>
    private Reason? WhyNotReady(Record record)
    {
        foreach (var claim in record.Claims)
        {
            if (WhyNotReady(claim) is { } reason)
                return $"the device {claim} is not ready: {reason}";
        }

        return null;
    }

    private Reason? WhyNotReady(Claim claim)
    {
        try
        {
            return WhyNotReady(claim, HostDevice.Look(context.Root, claim.Device));
        }
        catch (IOException e)
        {
            return e.Message;
        }
    }

    private static Reason? WhyNotReady(Claim claim, HostDevice? device)
    {
        var isVf = claim.Device.Address is not null;
        if (device is null)
            return isVf ? "it has lost its type since prepare: its current_vgpu_type reads 0" : "it has disappeared since prepare";
        if (!claim.Proves(device))
            return "another device has taken its place since prepare";
        if (claim.Dialect.TellsType && device.Type != claim.Type?.Id)
            return $"it is of type '{device.Type}', not '{claim.Type?.Id}'";
        return claim.Dialect.HasOnline && device.Online != true ? "it is not online" : null;
    }

    private Reason? TryHandOver(LockedRecord own, Record record)
    {
        try
        {
            own.Save(record);
            return TryGiveNodesToQemu(own, record);
        }
        catch (IOException e)
        {
            return e.Message;
        }
    }

    private Reason? TryGiveNodesToQemu(LockedRecord own, Record record)
    {
        foreach (var claim in record.Claims.Where(c => c.AttachedBy == AttachedBy.Commandline))
        {
            var dac = DomainXml.Parse(request.Xml, context.Settings.AllowedAttributes).Dac;
            if (dac is null)
            {
                context.Log.Warn($"the domain has no dac seclabel, so the node of {claim} is left as it is, ignoring");
                continue;
            }

            if (NodeOf(claim) is not { } node || FileStatus.OfLink(node) is not { } before)
                return $"the device {claim} has no node in '{context.Root.Vfio}'";
            // hooks/qemu and qemu.d may both call: only the first start sees whose the node was.
            record = record.With(claim with { Node = claim.Node ?? new DacLabel(before.Uid, before.Gid) });
            own.Save(record);
            if (TryGive(node, dac, claim) is { } reason)
                return reason;
        }

        return null;
    }

    private HostPath? NodeOf(Claim claim) => VfioNodes.Of(context.Root, claim.Device, claim.Parent).NodeIn(context.Root);

    private Reason? TryGive(HostPath node, DacLabel dac, Claim claim)
    {
        if (Libc.lchown(node.Text, dac.Uid, dac.Gid) != 0)
            return $"'{node}' of the device {claim} cannot be given to {dac.Uid}:{dac.Gid}: {Errno.Last().InWords}";
        if (FileStatus.OfLink(node) is not { } after || after.Uid != dac.Uid || after.Gid != dac.Gid)
            return $"'{node}' of the device {claim} was given to {dac.Uid}:{dac.Gid}, but belongs to somebody else now";
        context.Log.Info($"gave '{node}' of {claim} to {dac.Uid}:{dac.Gid}");
        return null;
    }

    private Answer Refuse(Reason reason) => Answer.Refused(request.Name, reason.Text);
}
