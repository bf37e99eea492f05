namespace LibvirtMdevHook.Doctor;

/// <summary>Whether the daemon that runs knows of the hook: it looks for hooks when it starts, and when it is told to.</summary>
internal static class DaemonCheck
{
    private const string Topic = "libvirt";

    /// <summary>The time of a boot, to which those of processes are added, is rounded to seconds.</summary>
    private const double Rounding = 2;

    public static IEnumerable<Finding> Of(HookFiles hook, Processes processes)
    {
        if (processes.Libvirt.IsEmpty)
        {
            yield return processes.IsComplete
                ? Finding.Well(Topic, "neither libvirtd nor virtqemud runs now; they look for hooks when they start")
                : Finding.Unknown(
                    Topic,
                    "whether libvirtd or virtqemud runs cannot be seen: /proc shows no processes of others",
                    "run this as root");
            yield break;
        }

        var called = hook.Entry.Placed is not null && hook.KnowsEntries ? hook.Entry : hook.OldHookCallsIt ? hook.OldHook : null;
        foreach (var daemon in processes.Libvirt)
            yield return Of(daemon, called?.Placed);
    }

    private static Finding Of(LibvirtDaemon daemon, long? placed) =>
        placed is null || daemon.Start > placed + Rounding
            ? Finding.Well(
                Topic,
                $"{daemon.Name} (pid {daemon.Pid}) runs{(placed is null ? "" : ", and was started after the hook was put there")}")
            : Finding.Hint(
                Topic,
                $"{daemon.Name} (pid {daemon.Pid}) was not started after the hook was put there; if it had no other hook then and has not been told since, it does not call it",
                $"run 'systemctl reload {daemon.Name}' if nobody has since, as 'install.sh' does");
}
