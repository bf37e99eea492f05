using System.Runtime.InteropServices;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Settings;

namespace LibvirtMdevHook.Doctor;

/// <summary>
/// Looks at everything that vGPUs need on a host. It changes nothing, and waits for no driver and
/// no program without a limit.
/// </summary>
internal sealed class HostChecks
{
    private readonly Root _root;
    private readonly HostReads _reads;
    private readonly bool _isRoot;
    private readonly List<Finding> _findings = [];

    private HostChecks(Root root, Deadline deadline)
    {
        _root = root;
        _isRoot = Libc.geteuid() == 0;
        _reads = new HostReads(root, deadline, _isRoot);
    }

    /// <returns>What was found, topic by topic; what could not be read comes last.</returns>
    public static IReadOnlyList<Finding> Examine(Root root, TimeSpan limit) => new HostChecks(root, Deadline.After(limit)).Examine();

    private List<Finding> Examine()
    {
        var hook = _reads.Result("hook", _reads.Hook);
        var processes = _reads.Result("libvirt", _reads.Processes);
        var confinement = _reads.Result("selinux", _reads.Confinement);
        var settings = _reads.Result("configuration", _reads.Settings);
        var vfio = _reads.Result("vfio", _reads.Vfio);
        var host = _reads.Result("parents", _reads.Host);
        var gpus = _reads.Result("nvidia", _reads.Gpus);
        var records = _reads.Result("records", _reads.Records);
        var stuck = _reads.Result("kernel", _reads.Stuck);

        if (hook is not null)
            AddHook(hook, processes, host);
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
            AddGpus(host, settings ?? new HostSettings(), gpus, processes);
        if (stuck is not null)
            Add("kernel", KernelCheck.Of(stuck));
        if (records is not null)
            Add("records", RecordCheck.Of(records.Records, records.OfOtherBoots));
        return [.. _findings, .. _reads.Unread];
    }

    /// <param name="processes">Null when they could not be read.</param>
    /// <param name="host">Null when it could not be read.</param>
    private void AddHook(HookFiles hook, Processes? processes, Host? host)
    {
        Add("hook", HookCheck.Of(hook, processes));
        if (processes is not null)
            Add("libvirt", DaemonCheck.Of(hook, processes));
        Add("libvirt", LibvirtCheck.Of(hook, host, NvidiaDriver.MakesMdevs(_root)));
    }

    /// <param name="gpus">Null when they could not be read.</param>
    /// <param name="processes">Null when they could not be read.</param>
    private void AddGpus(Host host, HostSettings settings, GpusAndBoot? gpus, Processes? processes)
    {
        Add("parents", ParentCheck.Of(host, settings, _isRoot));
        if (gpus is null)
            return;
        Add("nvidia", GpuCheck.OfNvidias(gpus.Gpus, host));
        Add("nvidia", NvidiaCheck.Of(gpus.Gpus, host, settings, processes, gpus.Order));
        Add("gpus", GpuCheck.OfOthers(gpus.Gpus, host));
    }

    private void Add(string topic, IEnumerable<Finding> findings)
    {
        foreach (var finding in findings)
            _findings.Add(finding with { Topic = topic });
    }
}
