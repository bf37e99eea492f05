using LibvirtMdevHook.Devices;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.HookOperations;

/// <summary>started, stopped, attach and reconnect: note what the domain has come to; nothing on sysfs, and never a refusal.</summary>
internal sealed class NotePhaseOperation(OperationContext context, TimeBudget budget, WorkerRequest request)
{
    public void Run()
    {
        using var own = context.Records.Lock(request.Domain, budget.Deadline);
        if (own is null)
        {
            context.Log.Warn("an earlier operation of this domain is still at work, ignoring");
            return;
        }

        if (context.Records.Load(request.Domain) is not { } record)
        {
            own.Delete();
            return;
        }

        if (request.Operation == HookOperation.Reconnect)
            Compare(record);
        // A domain that failed before QEMU ran is stopped too, but nothing has held its devices.
        var phase = request.Operation == HookOperation.Stopped ? Phase.Stopped : Phase.Started;
        if (record.Phase >= Phase.Starting && record.Phase != phase)
            context.Records.Save(record with { Phase = phase });
    }

    private string? Difference(Claim claim)
    {
        try
        {
            return HostDevice.Look(context.Root, claim.Device) switch
            {
                null => "it is no longer there",
                var device when !claim.Proves(device) => $"another device is there under its name, of type '{device.Type}' on '{device.Parent}'",
                { Online: false } => "it is offline",
                _ => null,
            };
        }
        catch (IOException e)
        {
            return e.Message;
        }
    }

    private void Compare(Record record)
    {
        foreach (var claim in record.Claims)
        {
            if (Difference(claim) is { } difference)
                context.Log.Warn($"the device {claim} of the running domain differs from its record: {difference}, ignoring");
        }
    }
}
