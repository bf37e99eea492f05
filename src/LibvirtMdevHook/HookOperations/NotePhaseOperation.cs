using LibvirtMdevHook.Devices;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.HookOperations;

/// <summary>
/// started, stopped, attach and reconnect note how far the domain has come. They write nothing to
/// sysfs, and never refuse.
/// </summary>
internal sealed class NotePhaseOperation(OperationContext context, TimeBudget budget, WorkerRequest request) : Operation
{
    public override Answer Run()
    {
        using var own = context.Records.Lock(request.Domain, request.Call, budget.Deadline);
        if (own is null)
        {
            context.Log.Warn("an earlier operation of this domain is still at work, ignoring");
            return Answer.Good;
        }

        if (own.Load() is { } record)
            Note(own, record);
        return Answer.Good;
    }

    private void Note(LockedRecord own, Record record)
    {
        if (request.Operation == HookOperation.Reconnect)
            LogDifferences(record);
        if (request.Operation == HookOperation.Stopped && record.Phase == Phase.Starting)
            LogFailedStart(record);
        // A domain that failed before QEMU ran is stopped too, but nothing has held its devices.
        var phase = request.Operation == HookOperation.Stopped ? Phase.Stopped : Phase.Started;
        if (record.Phase >= Phase.Starting && record.Phase != phase)
            own.Save(record with { Phase = phase });
    }

    /// <summary>
    /// NVIDIA's driver may make more devices than it can start, and only its daemon knows why.
    /// </summary>
    private void LogFailedStart(Record record)
    {
        if (!record.Claims.Any(claim => NvidiaDriver.MayDrive(Dialect.ParentPath(context.Root, claim.Parent))))
            return;
        context.Log.Warn(
            $"the domain has ended before it was seen to run; where NVIDIA's driver refused a device, {NvidiaDriver.Logs}");
    }

    private void LogDifferences(Record record)
    {
        foreach (var claim in record.Claims)
        {
            if (DifferenceOf(claim) is { } difference)
                context.Log.Warn($"the device {claim} of the running domain differs from its record: {difference}, ignoring");
        }
    }

    private Reason? DifferenceOf(Claim claim)
    {
        try
        {
            if (HostDevice.Look(context.Root, claim.Device) is not { } device)
                return "it is no longer there";
            if (!claim.Proves(device))
                return $"another device is there under its name, of type '{device.Type}' on '{device.Parent}'";
            return device.Online == false ? "it is offline" : null;
        }
        catch (IOException e)
        {
            return e.Message;
        }
    }
}
