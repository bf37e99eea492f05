using System.Text;
using System.Text.RegularExpressions;
using LibvirtMdevHook.SystemTests.Lab;
using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>A simulated host on which the published binaries run.</summary>
internal sealed partial class HookedHost : IDisposable
{
    private const string State = "run/libvirt-mdev";
    private const string LogFile = "var/log/libvirt/mdev-hook.log";

    private readonly SimulatedHost _host;

    /// <param name="hostFile">The name of a host file of the simulator, without its folder.</param>
    /// <param name="configuration">Lines of mdev-hook.conf.</param>
    /// <param name="change">What to change in the host file's text.</param>
    public HookedHost(string hostFile, string configuration = "", Func<string, string>? change = null)
    {
        _host = new SimulatedHost(hostFile, change);
        if (configuration.Length > 0)
            File.WriteAllText(_host.InRoot("etc/libvirt/mdev-hook.conf"), configuration + "\n");
        Before = _host.Tree();
    }

    public SimulatedHost Host => _host;

    /// <summary>sys and dev/vfio before anything was done.</summary>
    public string Before { get; }

    /// <summary>A hook in place of the published one.</summary>
    public string Program { get; init; } = SourceTree.Hook;

    /// <summary>What the hook's workers logged, empty if nothing.</summary>
    public string Log => File.Exists(InRoot(LogFile)) ? File.ReadAllText(InRoot(LogFile)) : "";

    /// <summary>The writes to sysfs in the order in which they ended: path from the parent on, data and result.</summary>
    public IReadOnlyList<string> Writes =>
        [.. _host.Log().Where(line => line.StartsWith("write ", StringComparison.Ordinal)).Select(line => WayToParent().Replace(line, ""))];

    /// <summary>The writes that create devices.</summary>
    public IReadOnlyList<string> Creates => [.. Writes.Where(w => w.Contains("create \"", StringComparison.Ordinal))];

    /// <summary>Our worker processes on this host.</summary>
    public IReadOnlyList<int> Workers => [.. Directory.EnumerateDirectories("/proc")
        .Select(folder => int.TryParse(Path.GetFileName(folder), out var id) ? id : 0).Where(id => id > 0 && IsWorker(id))];

    public string InRoot(string path) => _host.InRoot(path);

    /// <summary>Calls the hook for a domain, and waits for its end.</summary>
    public HookRun Call(string operation, DeclaringDomain domain) => Begin(operation, domain).End();

    /// <summary>Calls the hook with any text on stdin.</summary>
    public HookRun Call(string operation, string name, string xml) => Begin(operation, name, xml).End();

    public HookProcess Begin(string operation, DeclaringDomain domain) => Begin(operation, domain.Name, domain.ToString());

    public HookProcess Begin(string operation, string name, string xml) => new(
        Program, _host.Root, Encoding.UTF8.GetBytes(xml), name, operation, operation is "stopped" or "release" ? "end" : "begin", "-");

    /// <summary>Calls the operations of a start, as libvirt does.</summary>
    public void Start(DeclaringDomain domain)
    {
        foreach (var operation in new[] { "prepare", "start", "started" })
            Call(operation, domain).MustBeGood(operation);
    }

    /// <summary>Calls the operations that follow the end of a domain, or its failed start.</summary>
    public void Stop(DeclaringDomain domain)
    {
        foreach (var operation in new[] { "stopped", "release" })
            Call(operation, domain).MustBeGood(operation);
    }

    /// <summary>Runs virt-mdev on this host.</summary>
    public Outcome VirtMdev(params IEnumerable<string> arguments) =>
        Command.Run("env", [$"LIBVIRT_MDEV_ROOT={_host.Root}", SourceTree.VirtMdev, .. arguments]);

    /// <summary>Records, locks and all other files that are kept: paths below run/libvirt-mdev.</summary>
    public IReadOnlyList<string> Kept() => !Directory.Exists(InRoot(State)) ? [] :
    [
        .. Directory.EnumerateFiles(InRoot(State), "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(InRoot(State), file)).Order(),
    ];

    public string Record(DeclaringDomain domain) => InRoot($"{State}/domains/{domain.Uuid}.xml");

    /// <summary>The reservation for a domain that may be migrating in.</summary>
    public string Reservation(DeclaringDomain domain) => InRoot($"{State}/reserved/{domain.Uuid}.xml");

    public string Removal(Vgpu vgpu) => InRoot($"{State}/removing/{vgpu.Id}.xml");

    /// <summary>The path of a device's node in dev/vfio.</summary>
    public string NodeOf(Vgpu vgpu)
    {
        var group = new DirectoryInfo(InRoot($"{vgpu.Path}/iommu_group")).LinkTarget;
        return InRoot($"dev/vfio/{Path.GetFileName(group)}");
    }

    /// <summary>Waits until no worker is left.</summary>
    public void WaitForWorkers() =>
        Wait.Until(() => Workers.Count == 0, () => $"workers {string.Join(", ", Workers)} are left.\n{_host.State()}\n{LastOfLog()}");

    /// <summary>
    /// Waits for the workers, and fails if anything is left: a device, a record, or a lock other than the host's and those of hot-plug. The
    /// note of a process that was killed while it waited for a GPU means nothing.
    /// </summary>
    public void MustBeAsBefore()
    {
        WaitForWorkers();
        Assert.Multiple(() =>
        {
            Assert.That(_host.Tree(), Is.EqualTo(Before), LastOfLog);
            Assert.That(Kept().Except(["lock"]).Where(file => !file.StartsWith("hotplug/", StringComparison.Ordinal)
                && !file.StartsWith("silent/", StringComparison.Ordinal)), Is.Empty, LastOfLog);
        });
    }

    /// <summary>Continues what hangs, and ends the workers that are left and the simulator.</summary>
    public void Dispose()
    {
        _host.Control("clear");
        foreach (var worker in Workers)
            Shell.Run("kill", "-KILL", $"{worker}");
        _host.Dispose();
    }

    /// <summary>For the message of a failure.</summary>
    public string LastOfLog() => string.Join('\n', Log.Split('\n').TakeLast(20));

    private bool IsWorker(int id)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/cmdline").EndsWith("virt-mdev\0worker\0", StringComparison.Ordinal)
                && File.ReadAllText($"/proc/{id}/environ").Split('\0').Contains($"LIBVIRT_MDEV_ROOT={_host.Root}");
        }
        catch (IOException)
        {
            return false;
        }
    }

    [GeneratedRegex("^write sys/devices/(pci[^/]+/([^/]+/(?=[0-9a-f]{4,8}:))?|virtual/[^/]+/|vfio_ap/|css0/)")]
    private static partial Regex WayToParent();
}
