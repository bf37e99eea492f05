using System.Collections.Immutable;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Reports;
using LibvirtMdevHook.Settings;

namespace LibvirtMdevHook.Doctor;

/// <summary>Looks at all that vGPUs need on a host, changes nothing, and asks nobody who may not answer without a limit.</summary>
internal sealed class HostChecks
{
    private readonly Root _root;
    private readonly Deadline _deadline;
    private readonly bool _isRoot = Libc.geteuid() == 0;
    private readonly List<Finding> _findings = [];

    private HostChecks(Root root, Deadline deadline) => (_root, _deadline) = (root, deadline);

    /// <returns>What was found, topic by topic.</returns>
    public static IReadOnlyList<Finding> Examine(Root root, TimeSpan patience) => new HostChecks(root, Deadline.After(patience)).Examine();

    private List<Finding> Examine()
    {
        // All at once: one that hangs takes no time from the others.
        var hookFiles = new TimedRead<HookFiles>(() => HookFiles.Read(_root, _deadline));
        var everyProcess = new TimedRead<Processes>(() => Processes.Read(_root));
        var confinements = new TimedRead<Confinement>(() => Confinement.Read(_root));
        var configuration = new TimedRead<HostSettings>(() => HostSettings.Load(_root));
        var vfios = new TimedRead<Vfio>(() => Vfio.Read(_root));
        var hosts = new TimedRead<Host>(() => HostReader.ReadAll(_root));
        var nvidias = new TimedRead<Nvidia>(() => new Nvidia(NvidiaGpu.ReadAll(_root), BootOrder.Read(_root)));
        var leavings = new TimedRead<Recorded>(() => new Recorded(RecordsOnHost.Read(_root, out var store), [.. store.OfOtherBoots()]));

        var hook = Take("hook", hookFiles);
        var processes = Take("libvirt", everyProcess);
        var confinement = Take("selinux", confinements);
        var settings = Take("configuration", configuration);
        var vfio = Take("vfio", vfios);
        var host = Take("parents", hosts);
        var nvidia = Take("nvidia", nvidias);
        var records = Take("records", leavings);

        IEnumerable<Finding>?[] found =
        [
            hook is null ? null : HookCheck.Of(hook),
            hook is null || processes is null ? null : DaemonCheck.Of(hook, processes),
            confinement is null ? null : ConfinementCheck.Of(confinement, hook),
            settings is null ? null : SettingsCheck.Of(settings, _isRoot),
            vfio is null ? null : VfioCheck.Of(vfio, host),
            host is null ? null : ParentCheck.Of(host, settings ?? new HostSettings(), _isRoot),
            nvidia is null || host is null ? null : NvidiaCheck.Of(nvidia.Gpus, host, settings ?? new HostSettings(), processes, nvidia.Order),
            records is null ? null : RecordCheck.Of(records.Leavings, records.OfOtherBoots),
        ];
        return [.. found.OfType<IEnumerable<Finding>>().SelectMany(f => f), .. _findings];
    }

    /// <returns>Null when it cannot be read, which then is a finding.</returns>
    private T? Take<T>(string topic, TimedRead<T> reading) where T : class
    {
        try
        {
            if (reading.Result(_deadline) is { } result)
                return result;
            var files = TimedRead.Unanswered(_root);
            _findings.Add(Finding.Wrong(
                topic,
                $"what it takes to look at this was not answered in time{(files.Count > 0 ? $"; the kernel does not answer at '{string.Join("', '", files)}'" : "")}",
                "look into the kernel's log ('journalctl -k'); a driver that hangs lets go when its module is loaded anew, or at the next boot"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _findings.Add(!_isRoot && e.Message.Contains(Errno.EACCES.Name, StringComparison.Ordinal) ? Finding.Unknown(topic, e.Message, "run this as root")
                : new Finding(topic, e.Message, e.Message.Contains("; ", StringComparison.Ordinal) ? null : "the kernel's log may say why ('journalctl -k')", Severity.Wrong));
        }

        return null;
    }

    private sealed record Nvidia(ImmutableArray<NvidiaGpu> Gpus, BootOrder Order);

    private sealed record Recorded(RecordsOnHost Leavings, ImmutableArray<HostPath> OfOtherBoots);
}
