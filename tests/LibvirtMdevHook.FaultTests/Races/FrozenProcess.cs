using LibvirtMdevHook.Linux;
using LibvirtMdevHook.SystemTests.Binaries;

namespace LibvirtMdevHook.FaultTests.Races;

/// <summary>
/// A hook or its worker that stands still, as in a frozen cgroup, until the domain's next life runs, or for a time: it may have a lock that
/// the next life needs.
/// </summary>
internal sealed class FrozenProcess(Freeze freeze, HookProcess call)
{
    private const int Stop = 19;
    private const int Continue = 18;

    /// <summary>For what it still has to do.</summary>
    private static readonly TimeSpan WorkTime = TimeSpan.FromSeconds(3);

    private readonly TaskCompletionSource _isLetGo = new();
    private readonly TaskCompletionSource _hasEnded = new();

    /// <summary>A process that has ended before is left alone.</summary>
    public void Run()
    {
        try
        {
            if (Find() is { } process)
                Freeze(process);
        }
        finally
        {
            _hasEnded.TrySetResult();
        }
    }

    /// <summary>Lets it go on, and waits until it has done what it had to do.</summary>
    public void LetGo()
    {
        _isLetGo.TrySetResult();
        _hasEnded.Task.Wait(WorkTime);
    }

    /// <returns>The worker as soon as it is there; null where the call has none.</returns>
    private int? Find()
    {
        if (freeze.Victim == Victim.Hook)
            return call.Id;
        while (!call.HasEnded)
        {
            // Before it executes its own program, its hook waits for it.
            if (ProcessTable.NewChildOf(call.Id) is { } worker && ProcessTable.IsActing(worker))
                return worker;
        }

        return null;
    }

    private void Freeze(int process)
    {
        Thread.Sleep(freeze.After);
        if (Libc.kill(process, Stop) != 0)
            return;
        if (freeze.HookIsKilled && freeze.Victim == Victim.Worker)
            call.Kill();
        _isLetGo.Task.Wait(freeze.Time);
        Libc.kill(process, Continue);
        Deadline.After(WorkTime).Wait(() => ProcessTable.IsOver(process));
    }
}
