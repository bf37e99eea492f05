using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Doctor;

/// <summary>Whether libvirt calls the hook, and the hook has what it needs.</summary>
internal static class HookCheck
{
    private const string Install = "run './install.sh' of LibvirtMdevHook";
    private const string InstallOrRemove = Install + ", or './install.sh --uninstall'";

    /// <param name="processes">Null when they could not be read.</param>
    public static IEnumerable<Finding> Of(HookFiles files, Processes? processes)
    {
        if (files.Entry.CannotBeSeen)
            return [CannotBeSeen(files.Entry)];
        if (files.OldHook.CannotBeSeen)
            return [CannotBeSeen(files.OldHook)];
        Finding[] found = [.. OfEntry(files), .. OfOldHook(files), .. OfPrograms(files), .. OfOwners(files)];
        return found.Any(f => f.Severity == Severity.Wrong) ? found : [.. found, .. OfLibvirt(files, processes)];
    }

    private static Finding CannotBeSeen(PlacedFile file) =>
        Finding.Unknown($"whether libvirt calls the hook cannot be seen: {file.Error.InWords}", "run this as root");

    /// <summary>An entry in qemu.d, without which the old hook has to call the program.</summary>
    private static IEnumerable<Finding> OfEntry(HookFiles files)
    {
        var (entry, old) = (files.Entry, files.OldHook);
        if (files.OldHookCallsIt && old.Status is { IsExecutable: true })
            return [];
        if (entry.Placed is null)
            return files.OldHookCallsIt ? [] : [NotInstalled(files)];
        if (entry.IsDangling)
        {
            return [Finding.Wrong(
                $"'{entry.Path}' leads to '{entry.Target}', which is not there, so that libvirt passes it over",
                InstallOrRemove)];
        }

        if (entry.Status is { IsExecutable: false })
        {
            return [Finding.Wrong(
                $"'{entry.Path}' leads to '{entry.Target}', which cannot be executed, so that libvirt passes it over",
                InstallOrRemove)];
        }

        if (!files.KnowsEntries && !files.OldHookCallsIt)
        {
            return [Finding.Wrong(
                $"libvirt {files.Libvirt} does not know '{entry.Path}', and '{old.Path}' does not call the hook",
                Install + " again")];
        }

        return [];
    }

    private static Finding NotInstalled(HookFiles files)
    {
        var old = files.KnowsEntries ? "" : $", and '{files.OldHook.Path}' does not call it";
        return Finding.Wrong($"the hook is not installed: there is no '{files.Entry.Path}'{old}", Install);
    }

    private static IEnumerable<Finding> OfOldHook(HookFiles files)
    {
        if (!files.OldHookCallsIt)
            yield break;
        var (entry, old) = (files.Entry, files.OldHook);
        var entryIsCalled = entry.Placed is not null && files.KnowsEntries;
        var oldIsCalled = old.Status is { IsExecutable: true };
        if (!oldIsCalled && !entryIsCalled)
            yield return Finding.Wrong($"'{old.Path}' cannot be executed, so that libvirt passes it over", $"run 'chmod 755 {old.Path}'");
        if (oldIsCalled && entryIsCalled)
        {
            yield return Finding.Hint(
                $"both '{entry.Path}' and '{old.Path}' call the hook, so that it runs twice for each operation",
                $"take it out of '{old.Path}'");
        }
    }

    private static IEnumerable<Finding> OfPrograms(HookFiles files)
    {
        if (files.Program is not { } program || files.Worker is not { } worker)
            yield break;
        var isExecutable = program.Status is { IsExecutable: true };
        if (files.Entry.Placed is null && !isExecutable)
        {
            yield return Finding.Wrong(
                $"'{files.OldHook.Path}' calls '{program.Path}', which is not there or cannot be executed, and lets everything pass",
                InstallOrRemove);
        }

        if (isExecutable && worker.Status is not { IsExecutable: true })
        {
            yield return Finding.Wrong(
                $"'{program.Target}' has no worker: '{worker.Path}' is not there or cannot be executed, and domains with a "
                    + "declaration do not start",
                InstallOrRemove);
        }
    }

    private static IEnumerable<Finding> OfOwners(HookFiles files)
    {
        PlacedFile?[] executed = [files.Program, files.Worker, files.OldHookCallsIt ? files.OldHook : null, .. files.Folders];
        foreach (var file in executed.OfType<PlacedFile>())
        {
            if (file.WhyNotRootsAlone() is { } why)
            {
                yield return Finding.Wrong(
                    $"'{file.Target}' {why}, and is run, or looked into, as root",
                    $"look at what is in it, then run 'chown root:root {file.Target}' and 'chmod go-w {file.Target}'");
            }
        }
    }

    /// <summary>
    /// Nothing is said where every daemon that runs calls other hooks, which is a finding of its
    /// own.
    /// </summary>
    private static IEnumerable<Finding> OfLibvirt(HookFiles files, Processes? processes)
    {
        if (processes is { Libvirt.IsEmpty: false } && processes.Libvirt.All(daemon => daemon.CallsOtherHooks))
            return [];
        var entry = files.Entry.Placed is not null && files.KnowsEntries ? files.Entry : files.OldHook;
        var program = files.Program?.Target ?? entry.Target;
        if (files.Libvirt is { } version)
            return [Finding.Well($"libvirt {version} calls '{program}' as '{entry.Path}'")];
        return
        [
            Finding.Unknown(
                $"'{entry.Path}' leads to '{program}', but no libvirtd or virtqemud in the usual folders tells its version, "
                    + "so that it is not known whether libvirt calls it",
                "run 'libvirtd --version' or 'virtqemud --version'; libvirt before 6.5 does not know the folder qemu.d"),
        ];
    }
}
