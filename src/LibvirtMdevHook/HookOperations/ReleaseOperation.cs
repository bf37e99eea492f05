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
        // The life of the domain that this release is about: while it waits, the domain may have
        // begun another.
        var generation = context.Records.Load(request.Domain)?.Generation;
        // Longer than libvirtd waits: an operation that is still at work may end, and then this one
        // is needed.
        using var own = context.Records.Lock(request.Domain, Deadline.After(context.Settings.HeldWait));
        if (own is null)
        {
            context.Log.Error("an earlier operation of this domain has not ended; its devices stay until the next start");
            return;
        }

        var record = own.Load();
        if (record is null || record.Generation != generation)
            return;
        if (_takeDown.TryBegin(record) is { } reason)
            context.Log.Error($"{reason}; it stays on record until the next start");
    }
}
