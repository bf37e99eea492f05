using System.Collections.Immutable;
using System.Runtime.InteropServices;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Reports;
using LibvirtMdevHook.Settings;

namespace LibvirtMdevHook.Doctor;

/// <summary>
/// Looks at everything that vGPUs need on a host. It changes nothing, and waits for no driver and
/// no program without a limit.
/// </summary>
internal sealed class HostChecks
{
    private const string KernelLog = "the kernel's log may say why ('journalctl -k')";

    private readonly Root _root;
    private readonly Deadline _deadline;
    private readonly bool _isRoot = Libc.geteuid() == 0;
    private readonly List<Finding> _findings = [];

    /// <summary>Findings about what could not be read; they come last.</summary>
    private readonly List<Finding> _unread = [];

    private HostChecks(Root root, Deadline deadline) => (_root, _deadline) = (root, deadline);

    /// <returns>What was found, topic by topic.</returns>
    public static IReadOnlyList<Finding> Examine(Root root, TimeSpan limit) => new HostChecks(root, Deadline.After(limit)).Examine();

    private List<Finding> Examine()
    {
        // All reads begin at once: one that hangs takes no time from the others.
        var hookRead = new TimedRead<HookFiles>(() => HookFiles.Read(_root, _deadline));
        var processesRead = new TimedRead<Processes>(() => Processes.Read(_root));
        var confinementRead = new TimedRead<Confinement>(() => Confinement.Read(_root));
        var settingsRead = new TimedRead<HostSettings>(() => HostSettings.Load(_root));
        var vfioRead = new TimedRead<Vfio>(() => Vfio.Read(_root));
        var hostRead = new TimedRead<Host>(() => HostReader.ReadAll(_root));
        var nvidiaRead = new TimedRead<Nvidia>(() => new Nvidia(NvidiaGpu.ReadAll(_root), BootOrder.Read(_root)));
        var recordsRead = new TimedRead<Recorded>(() => new Recorded(RecordsOnHost.Read(_root, out var store), [.. store.OfOtherBoots()]));
        var stuckRead = new TimedRead<IReadOnlyList<StuckProcess>>(() => StuckProcess.Read(_root));

        var hook = Result("hook", hookRead);
        var processes = Result("libvirt", processesRead);
        var confinement = Result("selinux", confinementRead);
        var settings = Result("configuration", settingsRead);
        var vfio = Result("vfio", vfioRead);
        var host = Result("parents", hostRead);
        var nvidia = Result("nvidia", nvidiaRead);
        var records = Result("records", recordsRead);
        var stuck = Result("kernel", stuckRead);

        if (hook is not null)
            Add("hook", HookCheck.Of(hook));
        if (hook is not null && processes is not null)
            Add("libvirt", DaemonCheck.Of(hook, processes));
        if (confinement is not null)
        {
            Add("selinux", [ConfinementCheck.Selinux(confinement)]);
            Add("apparmor", ConfinementCheck.Apparmor(confinement, hook));
        }

        if (settings is not null)
            Add("configuration", SettingsCheck.Of(settings, _isRoot));
        if (vfio is not null)
            Add("vfio", VfioCheck.Of(vfio, host, RuntimeInformation.OSArchitecture));
        if (host is not null)
            Add("parents", ParentCheck.Of(host, settings ?? new HostSettings(), _isRoot));
        if (nvidia is not null && host is not null)
            Add("nvidia", NvidiaCheck.Of(nvidia.Gpus, host, settings ?? new HostSettings(), processes, nvidia.Order));
        if (stuck is not null)
            Add("kernel", KernelCheck.Of(stuck));
        if (records is not null)
            Add("records", RecordCheck.Of(records.Records, records.OfOtherBoots));
        return [.. _findings, .. _unread];
    }

    private void Add(string topic, IEnumerable<Finding> findings)
    {
        foreach (var finding in findings)
            _findings.Add(finding with { Topic = topic });
    }

    /// <returns>
    /// Null when it cannot be read in time or at all; that is a finding of its own.
    /// </returns>
    private T? Result<T>(string topic, TimedRead<T> read) where T : class
    {
        try
        {
            if (read.Result(_deadline) is { } result)
                return result;
            _unread.Add(Unanswered() with { Topic = topic });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _unread.Add(Unreadable(e) with { Topic = topic });
        }

        return null;
    }

    private Finding Unanswered()
    {
        var files = TimedRead.Unanswered(_root);
        var where = files.Count > 0 ? $" at '{string.Join("', '", files)}'" : "";
        return Finding.Wrong(
            $"the kernel did not answer in time{where}",
            SilentGpu.Remedy);
    }

    private Finding Unreadable(Exception e)
    {
        if (e is not HostException known)
            return Finding.Wrong(e.Message, KernelLog);
        if (known.Error == Errno.EACCES && !_isRoot)
            return Finding.Unknown(known.What, "run this as root");
        return Finding.Wrong(known.What, known.Remedy ?? KernelLog);
    }

    private sealed record Nvidia(ImmutableArray<NvidiaGpu> Gpus, BootOrder Order);

    private sealed record Recorded(RecordsOnHost Records, ImmutableArray<HostPath> OfOtherBoots);
}
