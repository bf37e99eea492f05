using System.Collections.Immutable;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Reports;
using LibvirtMdevHook.Settings;

namespace LibvirtMdevHook.Doctor;

/// <summary>
/// What doctor reads of the host. All reads begin at once: one that hangs takes no time from the
/// others.
/// </summary>
internal sealed class HostReads
{
    private const string KernelLog = "the kernel's log may say why ('journalctl -k')";

    private readonly Root _root;
    private readonly Deadline _deadline;
    private readonly bool _isRoot;
    private readonly List<Finding> _unread = [];

    public HostReads(Root root, Deadline deadline, bool isRoot)
    {
        (_root, _deadline, _isRoot) = (root, deadline, isRoot);
        Hook = new TimedRead<HookFiles>(() => HookFiles.Read(root, deadline));
        Processes = new TimedRead<Processes>(() => Doctor.Processes.Read(root));
        Confinement = new TimedRead<Confinement>(() => Doctor.Confinement.Read(root));
        Settings = new TimedRead<HostSettings>(() => HostSettings.Load(root));
        Vfio = new TimedRead<Vfio>(() => Doctor.Vfio.Read(root));
        Host = new TimedRead<Host>(() => HostReader.ReadAll(root));
        Gpus = new TimedRead<GpusAndBoot>(() => new GpusAndBoot(ExaminedGpu.ReadAll(root), BootOrder.Read(root)));
        Records = new TimedRead<Recorded>(() => new Recorded(RecordsOnHost.Read(root, out var store), [.. store.OfOtherBoots()]));
        Stuck = new TimedRead<IReadOnlyList<StuckProcess>>(() => StuckProcess.Read(root));
    }

    public TimedRead<HookFiles> Hook { get; }

    public TimedRead<Processes> Processes { get; }

    public TimedRead<Confinement> Confinement { get; }

    public TimedRead<HostSettings> Settings { get; }

    public TimedRead<Vfio> Vfio { get; }

    public TimedRead<Host> Host { get; }

    public TimedRead<GpusAndBoot> Gpus { get; }

    public TimedRead<Recorded> Records { get; }

    public TimedRead<IReadOnlyList<StuckProcess>> Stuck { get; }

    /// <summary>Findings about what could not be read.</summary>
    public IReadOnlyList<Finding> Unread => _unread;

    /// <returns>
    /// Null when it cannot be read in time or at all; that is a finding of its own.
    /// </returns>
    public T? Result<T>(string topic, TimedRead<T> read) where T : class
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
}

/// <summary>
/// The GPUs of the host, and when libvirt starts beside the daemons of their driver.
/// </summary>
internal sealed record GpusAndBoot(ImmutableArray<ExaminedGpu> Gpus, BootOrder Order);

/// <summary>The records of this boot, and the files of those of other boots.</summary>
internal sealed record Recorded(RecordsOnHost Records, ImmutableArray<HostPath> OfOtherBoots);
