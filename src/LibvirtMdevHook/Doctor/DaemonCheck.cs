namespace LibvirtMdevHook.Doctor;

/// <summary>
/// Whether the daemon that runs calls this host's hooks and knows of ours: it looks for hooks when
/// it starts, and when it is reloaded.
/// </summary>
internal static class DaemonCheck
{
    /// <summary>
    /// The start of a process is counted from the time of the boot, which is rounded to seconds.
    /// </summary>
    private const double Rounding = 2;

    private const string OtherDaemon = "use the libvirt of this host's distribution, or install the hook where that one looks for hooks";

    public static IEnumerable<Finding> Of(HookFiles hook, Processes processes)
    {
        if (processes.Libvirt.Length > 0)
            return processes.Libvirt.Select(daemon => Of(daemon, hook, processes));
        if (processes.IsComplete)
            return [Finding.Well("neither libvirtd nor virtqemud runs now; they look for hooks when they start")];
        return
        [
            Finding.Unknown(
                "whether libvirtd or virtqemud runs cannot be seen: /proc shows no processes of others",
                "run this as root"),
        ];
    }

    private static Finding Of(LibvirtDaemon daemon, HookFiles hook, Processes processes)
    {
        if (daemon.CallsOtherHooks)
        {
            // One in a container is no mistake beside one that calls our hook.
            var severity = processes.Libvirt.Any(other => !other.CallsOtherHooks) ? Severity.Hint : Severity.Wrong;
            return new Finding($"{daemon.InWords} {WhyElsewhere(daemon)}: it does not call the hooks of this host", OtherDaemon, severity);
        }

        if (daemon.Hooks == HooksSeen.Unknown)
            return Finding.Unknown($"whether {daemon.InWords} calls the hooks of this host is for root to see", "run this as root");
        if (daemon.IsInUnusualPlace)
        {
            return Finding.Unknown(
                $"{daemon.InWords} is '{daemon.Program}', which may look for hooks elsewhere than in '/etc/libvirt/hooks'",
                "start a domain with a declaration, and see whether the hook's log has a line of it");
        }

        return OfStart(daemon, WhenPlaced(hook));
    }

    private static string WhyElsewhere(LibvirtDaemon daemon)
    {
        if (daemon.IsOfAnotherPlace)
            return $"is '{daemon.Program}'";
        var where = daemon.HasOwnMounts ? "in another mount namespace" : "with another root";
        return daemon.Hooks == HooksSeen.WithoutProgram
            ? $"runs {where}, which has the entry of our hook but not its program"
            : $"runs {where}, with another /etc/libvirt/hooks";
    }

    /// <returns>
    /// Since when the file that the daemon calls is in its place; null when it calls none.
    /// </returns>
    private static long? WhenPlaced(HookFiles hook)
    {
        if (hook.Entry.Placed is { } placed && hook.KnowsEntries)
            return placed;
        return hook.OldHookCallsIt ? hook.OldHook.Placed : null;
    }

    private static Finding OfStart(LibvirtDaemon daemon, long? placed)
    {
        if (placed is null)
            return Finding.Well($"{daemon.InWords} runs");
        if (daemon.Start > placed + Rounding)
            return Finding.Well($"{daemon.InWords} runs, and was started after the hook was installed");
        return Finding.Hint(
            $"{daemon.InWords} has been running since before the hook was installed, and may not know of it",
            $"run 'systemctl reload {daemon.Name}', as 'install.sh' does, unless this was done since");
    }
}
