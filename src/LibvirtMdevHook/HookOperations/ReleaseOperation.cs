using LibvirtMdevHook.Devices;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.HookOperations;

/// <summary>release: offline all, remove all that the record proves ours, forget. Its worker stays as long as a device is held.</summary>
internal sealed class ReleaseOperation(OperationContext context, WorkerRequest request)
{
    private readonly TakeDown _takeDown = new(context);

    public TakeDown Unfinished => _takeDown;

    public void Run()
    {
        // The life of the domain that this release is about: while it waits, the domain may have begun another.
        var generation = context.Records.Load(request.Domain)?.Generation;
        // Longer than libvirtd waits: an operation that is still at work may end, and then this one is needed.
        using var own = context.Records.Lock(request.Domain, Deadline.After(context.Settings.HeldWait));
        if (own is null)
        {
            context.Log.Error("an earlier operation of this domain has not ended; its devices stay until the next start");
            return;
        }

        if (context.Records.Load(request.Domain) is { } record && record.Generation == generation && _takeDown.Begin(record) is { } withheld)
            context.Log.Error($"{withheld}; it stays on record until the next start");
        // Of another life, or kept until the devices are gone, it stays, and so does its lock.
        if (context.Records.Load(request.Domain) is null)
            own.Delete();
    }
}
