using LibvirtMdevHook.Devices;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.HookOperations;

/// <summary>
/// release: offline all, remove all that the record proves ours, forget. Its worker stays as long
/// as a device is held.
/// </summary>
internal sealed class ReleaseOperation(OperationContext context, TimeBudget budget, WorkerRequest request) : Operation
{
    private readonly TakeDown _takeDown = new(context);

    public override IReadOnlyList<TakeDown> Unfinished => [_takeDown];

    public override Answer Run()
    {
        Begin();
        _takeDown.Work(budget);
        return Answer.Good;
    }

    private void Begin()
    {
        // Longer than libvirtd waits: an operation that is still at work may end, and then this one
        // is needed.
        using var own = context.Records.Lock(request.Domain, request.Call, Deadline.After(context.Settings.HeldWait));
        if (own is null)
        {
            context.Log.Error("an earlier operation of this domain has not ended; its devices stay until the next start");
            return;
        }

        // While this release waited, the domain may have begun another life: that is not loaded.
        if (own.Load() is not { } record)
            return;
        if (_takeDown.TryBegin(record) is { } reason)
            context.Log.Error($"{reason}; it stays on record until the next start");
    }
}
