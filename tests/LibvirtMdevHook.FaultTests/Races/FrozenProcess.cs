using LibvirtMdevHook.Linux;
using LibvirtMdevHook.SystemTests.Binaries;

namespace LibvirtMdevHook.FaultTests.Races;

/// <summary>A hook or its worker that stands still for a while, as in a cgroup that is frozen or throttled.</summary>
internal static class FrozenProcess
{
    private const int Stop = 19;
    private const int Continue = 18;

    /// <summary>Stops the process, and lets it go on when the time is over. A process that has ended before is left alone.</summary>
    public static void Run(Freeze freeze, HookProcess call)
    {
        if (Find(freeze.Victim, call) is not { } process)
            return;
        Thread.Sleep(freeze.After);
        if (Libc.kill(process, Stop) != 0)
            return;
        if (freeze.HookIsKilled && freeze.Victim == Victim.Worker)
            call.Kill();
        Thread.Sleep(freeze.Time);
        Libc.kill(process, Continue);
    }

    /// <returns>The worker as soon as it is there; null where the call has none.</returns>
    private static int? Find(Victim victim, HookProcess call)
    {
        if (victim == Victim.Hook)
            return call.Id;
        while (!call.HasEnded)
        {
            if (ProcessTable.ChildOf(call.Id) is { } worker)
                return worker;
        }

        return null;
    }
}
