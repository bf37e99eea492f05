using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Doctor;

/// <summary>Whether libvirt calls the hook, and the hook has what it needs.</summary>
internal static class HookCheck
{
    private const string Topic = "hook";
    private const string Install = "run './install.sh' of LibvirtMdevHook";
    private const string InstallOrRemove = Install + ", or './install.sh --uninstall'";

    public static IEnumerable<Finding> Of(HookFiles files)
    {
        if (files.Entry.CannotBeSeen || files.OldHook.CannotBeSeen)
            return [Finding.Unknown(
                Topic,
                $"whether libvirt calls the hook cannot be seen: {(files.Entry.CannotBeSeen ? files.Entry : files.OldHook).Error.InWords}",
                "run this as root")];
        Finding[] wrong = [.. Entries(files), .. Programs(files), .. Owners(files)];
        return wrong.Any(f => f.Severity == Severity.Wrong) ? wrong : [.. wrong, Finding.Well(Topic, Describe(files))];
    }

    private static IEnumerable<Finding> Entries(HookFiles files)
    {
        var (entry, old) = (files.Entry, files.OldHook);
        var oldIsCalled = files.OldHookCallsIt && old.Status is { IsExecutable: true };
        if (entry.Placed is null && !files.OldHookCallsIt)
            yield return Finding.Wrong(
                Topic,
                "the hook is not installed: there is no "
                    + $"'{entry.Path}'{(files.KnowsEntries ? "" : $", and '{old.Path}' does not call it")}",
                Install);
        else if (entry.IsDangling && !oldIsCalled)
            yield return Finding.Wrong(
                Topic,
                $"'{entry.Path}' leads to '{entry.Target}', which is not there, so that libvirt passes it over",
                InstallOrRemove);
        else if (entry.Status is { IsExecutable: false } && !oldIsCalled)
            yield return Finding.Wrong(
                Topic,
                $"'{entry.Path}' leads to '{entry.Target}', which cannot be executed, so that libvirt passes it over",
                InstallOrRemove);
        else if (!files.KnowsEntries && !files.OldHookCallsIt)
            yield return Finding.Wrong(
                Topic,
                $"libvirt {files.Libvirt} does not know '{entry.Path}', and '{old.Path}' does not call the hook",
                Install + " again");
        if (files.OldHookCallsIt && !oldIsCalled && (entry.Placed is null || !files.KnowsEntries))
            yield return Finding.Wrong(
                Topic,
                $"'{old.Path}' cannot be executed, so that libvirt passes it over",
                $"run 'chmod 755 {old.Path}'");
        if (entry.Placed is not null && oldIsCalled && files.KnowsEntries)
            yield return Finding.Hint(
                Topic,
                $"both '{entry.Path}' and '{old.Path}' call the hook, so that it runs twice for each operation",
                $"take it out of '{old.Path}'");
    }

    private static IEnumerable<Finding> Programs(HookFiles files)
    {
        if (files.Program is not { } program || files.Worker is not { } worker)
            yield break;
        if (files.Entry.Placed is null && program.Status is not { IsExecutable: true })
            yield return Finding.Wrong(
                Topic,
                $"'{files.OldHook.Path}' calls '{program.Path}', which is not there or cannot be executed, and lets everything pass",
                InstallOrRemove);
        if (program.Status is { IsExecutable: true } && worker.Status is not { IsExecutable: true })
            yield return Finding.Wrong(
                Topic,
                $"'{program.Target}' has no worker: '{worker.Path}' is not there or cannot be executed, and domains with a "
                    + "declaration do not start",
                InstallOrRemove);
    }

    private static IEnumerable<Finding> Owners(HookFiles files)
    {
        PlacedFile?[] executed = [files.Program, files.Worker, files.OldHookCallsIt ? files.OldHook : null, .. files.Folders];
        foreach (var file in executed.OfType<PlacedFile>())
        {
            if (file.WhyNotRootsAlone() is { } why)
                yield return Finding.Wrong(
                    Topic,
                    $"'{file.Target}' {why}, and is run, or looked into, as root",
                    $"look at what is in it, then run 'chown root:root {file.Target}' and 'chmod go-w {file.Target}'");
        }
    }

    private static string Describe(HookFiles files)
    {
        var entry = files.Entry.Placed is not null && files.KnowsEntries ? files.Entry : files.OldHook;
        var version = files.Libvirt is null ? "libvirt, whose version is not to be told," : $"libvirt {files.Libvirt}";
        return $"{version} calls '{files.Program?.Target ?? entry.Target}' as '{entry.Path}'";
    }
}
