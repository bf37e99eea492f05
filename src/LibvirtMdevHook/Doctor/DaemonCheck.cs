namespace LibvirtMdevHook.Doctor;

/// <summary>Whether the daemon that runs knows of the hook: it looks for hooks when it starts, and when it is reloaded.</summary>
internal static class DaemonCheck
{
    /// <summary>The start of a process is counted from the time of the boot, which is rounded to seconds.</summary>
    private const double Rounding = 2;

    public static IEnumerable<Finding> Of(HookFiles hook, Processes processes)
    {
        if (processes.Libvirt.Length > 0)
            return processes.Libvirt.Select(daemon => Of(daemon, WhenPlaced(hook)));
        if (processes.IsComplete)
            return [Finding.Well("neither libvirtd nor virtqemud runs now; they look for hooks when they start")];
        return
        [
            Finding.Unknown(
                "whether libvirtd or virtqemud runs cannot be seen: /proc shows no processes of others",
                "run this as root"),
        ];
    }

    /// <returns>Since when the file that the daemon calls is in its place; null when it calls none.</returns>
    private static long? WhenPlaced(HookFiles hook)
    {
        if (hook.Entry.Placed is { } placed && hook.KnowsEntries)
            return placed;
        return hook.OldHookCallsIt ? hook.OldHook.Placed : null;
    }

    private static Finding Of(LibvirtDaemon daemon, long? placed)
    {
        var name = $"{daemon.Name} (pid {daemon.Pid})";
        if (placed is null)
            return Finding.Well($"{name} runs");
        if (daemon.Start > placed + Rounding)
            return Finding.Well($"{name} runs, and was started after the hook was installed");
        return Finding.Hint(
            $"{name} has been running since before the hook was installed, and may not know of it",
            $"run 'systemctl reload {daemon.Name}', as 'install.sh' does, unless this was done since");
    }
}
