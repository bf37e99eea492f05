using System.Text;
using LibvirtMdevHook.Simulator.Faults;
using LibvirtMdevHook.Simulator.Tree;

namespace LibvirtMdevHook.SystemTests.Simulation;

/// <summary>A mounted simulated host: its files, its control, its log.</summary>
/// <param name="root">The folder in which sys and dev are.</param>
/// <param name="control">The simulator's control file, in this folder.</param>
/// <param name="log">The simulator's log, in this folder or anywhere.</param>
internal class SimulatedTree(string root, string control, string log)
{
    /// <summary>The folder in which sys and dev are: the LIBVIRT_MDEV_ROOT of programs that use it.</summary>
    public string Root { get; } = root;

    public string LogFile { get; } = Path.Combine(root, log);

    /// <summary>The full name of a path such as sys/bus/mdev.</summary>
    public string InRoot(string path) => Path.Combine(Root, path);

    public bool Exists(string path) => Path.Exists(InRoot(path));

    public string Read(string path) => File.ReadAllText(InRoot(path));

    /// <summary>Writes once, like a program.</summary>
    public Errno Write(string path, string text) => RawFile.Write(InRoot(path), text);

    /// <summary>Writes on a thread of its own, for writes that wait.</summary>
    public Task<Errno> WriteLater(string path, string text) =>
        Task.Factory.StartNew(() => Write(path, text), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>The inode number of a file, a folder, or the target of a link.</summary>
    public string Inode(string path) => Shell.Run("stat", "-L", "-c", "%i", InRoot(path)).Output.Trim();

    /// <summary>Gives the simulator a command.</summary>
    public void Control(string line)
    {
        var errno = Write(control, line);
        if (errno != Errno.None)
            throw new ArgumentException($"The simulator answers '{line}' with {errno}: {State()}", nameof(line));
    }

    /// <summary>The simulator's state: parents, devices, faults, and the actions that hang.</summary>
    public string State() => Read(control);

    /// <summary>The lines of the log so far, without the times.</summary>
    public IReadOnlyList<string> Log() =>
        [.. File.ReadLines(LogFile).Select(line => line[(line.IndexOf(' ', StringComparison.Ordinal) + 1)..])];

    /// <summary>Waits for a line of the log. It may be written only after another request was served.</summary>
    public void WaitForLog(Func<string, bool> line) => Wait.Until(() => Log().Any(line), () => "the log has\n" + string.Join('\n', Log()));

    /// <summary>sys and dev/vfio as text: type, mode, owner, path, and link target or contents. Equal trees give equal texts.</summary>
    public string Tree()
    {
        var (status, list) = Shell.Run(
            "find", InRoot("sys/"), InRoot("dev/vfio/"), "-mindepth", "1", "-printf", @"%y %m %U:%G %p\t%l\n");
        if (status != 0)
            throw new IOException($"The tree cannot be listed: {list}");
        var lines = list.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Replace(Root + "/", "", StringComparison.Ordinal));
        return string.Join('\n', lines.Select(Describe).Order(StringComparer.Ordinal));
    }

    /// <summary>Unmounts and deletes the host, and fails the test if the simulator failed.</summary>
    private string Describe(string line)
    {
        var (name, target) = line.Split('\t') is [var left, var right] ? (left, right) : (line, "");
        var words = name.Split(' ', 4);
        return words switch
        {
            ["l", ..] => $"{words[3]} -> {target}",
            ["f", var mode, var owner, var path] => $"{path} {mode} {owner} {Contents(path, mode)}".TrimEnd(),
            _ => $"{words[3]}/ {words[1]} {words[2]}",
        };
    }

    private string Contents(string path, string mode)
    {
        if (mode is "200" || !path.StartsWith("sys/", StringComparison.Ordinal))
            return "";
        using var file = RawFile.Open(InRoot(path), RawFile.ReadOnly);
        var errno = file.Read(out var text);
        return errno == Errno.None ? ActionLog.Quote(Encoding.Latin1.GetBytes(text)) : errno.ToString();
    }
}
