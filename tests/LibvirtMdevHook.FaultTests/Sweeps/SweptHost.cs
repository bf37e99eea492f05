using System.Text;
using System.Text.RegularExpressions;
using LibvirtMdevHook.SystemTests.Binaries;
using LibvirtMdevHook.SystemTests.Lab;
using NUnit.Framework;

namespace LibvirtMdevHook.FaultTests.Sweeps;

/// <summary>
/// A simulated host with devices of others: a foreign one in each dialect, and one of a running domain. The program under test must never
/// write to any of them.
/// </summary>
internal sealed partial class SweptHost : IDisposable
{
    private const string State = "run/libvirt-mdev";
    private const string Cache = "var/cache/libvirt-mdev";

    /// <summary>A removal that fails each time is soon given up.</summary>
    private const string Configuration = "removal_grace = 0\nheld_wait = 2";

    private const string GroupsLine = "groups ";

    private const UnixFileMode ReadableByPeople = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private static readonly BystanderDevice[] Foreign =
        [BystanderDevice.Rfc2016("0000:21:00.0", "16"), BystanderDevice.Mdev("0000:81:00.0", "nvidia-50"),
            BystanderDevice.Vf("0000:41:00.4", "1147")];

    private static readonly DeclaringDomain Neighbour =
        new("neighbour", new Vgpu("type='GRID M60-2Q'"), new Vgpu("type='GRID P40-4Q'"), Vgpu.Vf("0000:41:00.5", "NVIDIA L40S-1Q"));

    private readonly TracedPrograms _programs = new();
    private readonly HookedHost _host;
    private readonly Bystanders _others;
    private readonly string _tree;

    public SweptHost()
    {
        _host = new HookedHost("sweeps.xml", Configuration) { Program = _programs.Hook };
        _others = new Bystanders(_host, Neighbour, Foreign);
        Virsh.Run(Neighbour);
        _tree = _host.Host.Tree();
    }

    public FakeVirsh Virsh { get; } = new();

    public string Root => _host.Host.Root;

    /// <summary>The trace that strace wrote of the last run.</summary>
    public string Trace => InRoot("trace");

    public string InRoot(string path) => _host.InRoot(path);

    public bool HasRecord(DeclaringDomain domain) => File.Exists(_host.Record(domain));

    public string LastOfLog() => _host.LastOfLog();

    /// <summary>How many IOMMU groups there have been; the number of the last one.</summary>
    public int Groups => int.Parse(_host.Host.State().Split('\n')
        .Single(line => line.StartsWith(GroupsLine, StringComparison.Ordinal))[GroupsLine.Length..]);

    /// <summary>Devices, records, locks, folders and the known types as text. Equal states give equal texts.</summary>
    public string Look()
    {
        var devices = _host.Host.State().Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(line => !line.StartsWith(GroupsLine, StringComparison.Ordinal)).Select(line => Group().Replace(line, ""));
        var kept = new[] { State, Cache }.Where(folder => Directory.Exists(InRoot(folder)))
            .SelectMany(folder => Directory.EnumerateFileSystemEntries(InRoot(folder), "*", SearchOption.AllDirectories)).Select(Describe);
        return string.Join('\n', devices.Concat(kept.OfType<string>()).Order(StringComparer.Ordinal));
    }

    /// <summary>Calls the hook, and waits until its worker has ended, too.</summary>
    public HookRun Call(string operation, DeclaringDomain domain, Tracing? tracing = null)
    {
        File.Delete(Trace);
        if (tracing is { Program: Traced.Worker })
            Instruct(tracing);
        var xml = domain.Vgpus.IsEmpty ? domain.WithoutMetadata() : domain.ToString();
        var run = tracing is { Program: Traced.Hook }
            ? CallTraced(operation, domain.Name, xml, tracing) : _host.Call(operation, domain.Name, xml);
        _host.WaitForWorkers();
        if (run.Status > 128)
        {
            // A worker that is just being started is invisible for a moment.
            Thread.Sleep(10);
            _host.WaitForWorkers();
        }

        TraceNoMore();
        return run;
    }

    /// <summary>Calls the hook with a worker that is traced; it is not waited for.</summary>
    public HookProcess Begin(string operation, DeclaringDomain domain, Tracing worker)
    {
        File.Delete(Trace);
        Instruct(worker);
        return _host.Begin(operation, domain);
    }

    /// <summary>
    /// Calls the hook while the worker of another call stands still, perhaps with a lock: what needs it is given up soon.
    /// </summary>
    public HookRun CallBeside(string operation, DeclaringDomain domain)
    {
        Configure("prepare_deadline = 4\nmigrate_deadline = 4\nstart_deadline = 4");
        var run = _host.Call(operation, domain);
        Configure("");
        return run;
    }

    /// <summary>The workers of later calls are not traced.</summary>
    public void TraceNoMore() => File.Delete(InRoot(TracedPrograms.Instruction));

    /// <summary>The workers that act now.</summary>
    public IReadOnlyList<int> Workers => ProcessTable.Acting(Root);

    public void WaitForWorkers() => _host.WaitForWorkers();

    /// <summary>What is on record of a domain, with all that is different in each of its lives, and all devices.</summary>
    public string LifeOf(DeclaringDomain domain)
    {
        var files = new[] { _host.Record(domain), _host.Reservation(domain) };
        return string.Join('\n', files.Select(file => File.Exists(file) ? File.ReadAllText(file) : "").Append(_host.Host.Tree()));
    }

    /// <summary>Runs virt-mdev as from a terminal.</summary>
    public Outcome VirtMdev(Tracing? tracing, params IEnumerable<string> arguments)
    {
        File.Delete(Trace);
        return Command.Run(
            "/usr/bin/env",
            [
                $"LIBVIRT_MDEV_ROOT={Root}", $"PATH={Virsh.Folder}:/usr/sbin:/usr/bin:/sbin:/bin",
                .. tracing is null ? [SourceTree.VirtMdev, .. arguments] : (string[])
                [
                    // Traces the process that acts, not the one that waits for it: its report goes to a pipe that is never read.
                    "sh", "-c", "pipe=$1; shift; rm -f $pipe; mkfifo $pipe; exec 9<>$pipe; exec \"$@\" --report-to 9", "sh",
                    InRoot("report"), .. Strace(tracing), SourceTree.VirtMdev, .. arguments,
                ],
            ]);
    }

    /// <summary>Removes the folders that do not exist before the first prepare after a boot.</summary>
    public void RemoveEmptyFolders()
    {
        foreach (var folder in new[] { "removing", "reserved" }.Select(name => InRoot($"{State}/{name}")))
        {
            if (Directory.Exists(folder) && !Directory.EnumerateFileSystemEntries(folder).Any())
                Directory.Delete(folder);
        }
    }

    public void OthersMustBeUntouched() => _others.MustBeUntouched();

    /// <summary>Fails if sys or dev differ from the beginning.</summary>
    public void MustBeUnchanged() => Assert.That(_host.Host.Tree(), Is.EqualTo(_tree), _host.LastOfLog);

    public void Dispose()
    {
        _host.Dispose();
        Virsh.Dispose();
        _programs.Dispose();
    }

    private void Configure(string more) => File.WriteAllText(InRoot("etc/libvirt/mdev-hook.conf"), $"{Configuration}\n{more}\n");

    private void Instruct(Tracing worker) => File.WriteAllText(InRoot(TracedPrograms.Instruction),
        $"exec {string.Join(' ', Strace(worker).Select(word => $"'{word}'"))} \"$worker\" \"$@\"\n");

    private IEnumerable<string> Strace(Tracing tracing) => [TracedPrograms.Strace, "-e", "quiet=attach,personality,path-resolution", "-o",
        Trace, .. tracing.Options];

    private HookRun CallTraced(string operation, string name, string xml, Tracing tracing)
    {
        string[] strace = [.. Strace(tracing)];
        var end = operation == "release" ? "end" : "begin";
        return new HookProcess(strace[0], Root, Encoding.UTF8.GetBytes(xml), [.. strace[1..], _programs.Hook, name, operation, end, "-"])
            .End();
    }

    /// <returns>Null for the files that stay: the host's lock, and the locks of hot-plug.</returns>
    private string? Describe(string entry)
    {
        var name = Path.GetRelativePath(Root, entry);
        if (name is $"{State}/lock" || name.StartsWith($"{State}/hotplug", StringComparison.Ordinal))
            return null;
        // A folder is made once and does not count, unless its mode is wrong.
        if (Directory.Exists(entry) && File.GetUnixFileMode(entry) == ReadableByPeople)
            return null;
        var mode = Convert.ToString((int)File.GetUnixFileMode(entry), 8);
        var text = name.EndsWith(".xml", StringComparison.Ordinal)
            ? ' ' + Changing().Replace(File.ReadAllText(entry).ReplaceLineEndings(""), "") : "";
        return $"{name} {mode}{text}";
    }

    [GeneratedRegex(@" group=\d+")]
    private static partial Regex Group();

    /// <summary>What differs in each life of a domain.</summary>
    [GeneratedRegex(@" (generation|inode|expires)=""\d+""|  +")]
    private static partial Regex Changing();
}
