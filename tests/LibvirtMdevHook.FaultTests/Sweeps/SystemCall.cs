using System.Text.RegularExpressions;

namespace LibvirtMdevHook.FaultTests.Sweeps;

/// <summary>A system call of a run, named so that strace finds it again in another run.</summary>
/// <param name="Path">The file that it names or whose descriptor it has, below the root; empty where the file differs each time, as for a
/// socket.</param>
/// <param name="Nth">Its number among its thread's calls of this name for this path, from 1; without a path, among all.</param>
/// <param name="IsOfMain">Made by the main thread, whose calls come in the same order each time.</param>
/// <param name="Length">Of a write.</param>
internal sealed partial record SystemCall(string Name, string Path, int Nth, bool IsOfMain, bool Changes, int Length)
{
    public bool StartsThread => Name is "clone3" or "clone" or "vfork";

    /// <summary>Its number among all calls of this name of its thread, from 1.</summary>
    public int NthOfAll { get; init; }

    public override string ToString() => $"{Name} {(Path.Length > 0 ? $"'{Path}' " : "")}#{Nth}{(IsOfMain ? "" : " of a thread")}";

    /// <summary>
    /// The calls of a trace (strace -y, with or without -f) that the program makes itself, after its runtime has started, and that strace
    /// can find again: for files below the root, and for sockets.
    /// </summary>
    /// <param name="begin">The first call of the program itself.</param>
    /// <param name="groups">The number of the last IOMMU group before the program was started.</param>
    public static IReadOnlyList<SystemCall> Read(string trace, string root, string begin, int groups)
    {
        var calls = new List<SystemCall>();
        var counts = new Dictionary<(string, string, string), int>();
        string? main = null;
        var hasBegun = false;
        foreach (var line in File.ReadLines(trace).Select(text => Line().Match(text)).Where(match => match.Success))
        {
            var (thread, name, arguments) = (line.Groups[1].Value, line.Groups[2].Value, line.Groups[3].Value);
            main ??= thread;
            hasBegun |= $"{name}({arguments}".StartsWith(begin, StringComparison.Ordinal);
            var path = PathOf(name, arguments, root) is { } whole
                ? Node().Replace(whole, node => $"{int.Parse(node.Value) - groups:+0;-0;-0}") : null;
            var nthOfAll = counts[(thread, name, "")] = counts.GetValueOrDefault((thread, name, "")) + 1;
            if (path is null)
                continue;
            var nth = path.Length == 0 ? nthOfAll : counts[(thread, name, path)] = counts.GetValueOrDefault((thread, name, path)) + 1;
            if (hasBegun && (path.Length > 0 || (IsOnlyOurs(name) && thread == main)))
            {
                var length = name == "write" ? int.Parse(Size().Match(arguments).Groups[1].Value) : 0;
                calls.Add(new SystemCall(name, path, nth, thread == main, IsChange(name, arguments), length) { NthOfAll = nthOfAll });
            }
        }

        // The first call of another thread may be the main thread's first one as well: then that one is found.
        return [.. calls.DistinctBy(call => (call.Name, call.Path, call.Nth))];
    }

    /// <summary>The full name of the file in another run.</summary>
    /// <param name="groups">As it was before that run.</param>
    public string PathIn(string root, int groups) =>
        System.IO.Path.Combine(root, Node().Replace(Path, node => $"{groups + int.Parse(node.Value)}"));

    /// <returns>Null where it does not matter, or differs each time.</returns>
    private static string? PathOf(string name, string arguments, string root)
    {
        if (Socket().IsMatch(arguments) || name is "exit_group" or "clone3" or "clone" or "vfork" || Standard().IsMatch(arguments))
            return "";
        var named = Descriptor().Match(arguments);
        if (!named.Success)
            named = Quoted().Match(arguments);
        var file = named.Groups[1].Value;
        if (!file.StartsWith(root + "/", StringComparison.Ordinal))
            return null;
        var path = file[(root.Length + 1)..].Replace("(deleted)", "", StringComparison.Ordinal);
        // A temporary name contains a process id, and of the processes in /proc only the first has the same id each time.
        if (!Numbered().IsMatch(path))
            return path;
        return IsOnlyOurs(name) ? "" : null;
    }

    /// <summary>
    /// While it starts, the runtime makes none of these calls, or the same number each time, so that they can be counted.
    /// </summary>
    private static bool IsOnlyOurs(string name) =>
        name is "write" or "rename" or "unlink" or "mkdir" or "chmod" or "fchmod" or "sendto" or "recvfrom" or "poll" or "socketpair"
            or "exit_group" or "clone3" or "clone" or "vfork";

    private static bool IsChange(string name, string arguments) => name switch
    {
        "write" or "rename" or "unlink" or "mkdir" or "chmod" or "fchmod" or "lchown" or "flock" or "sendto" or "clone3" or "clone"
            or "vfork" => true,
        "openat" => arguments.Contains("O_CREAT", StringComparison.Ordinal) || arguments.Contains("O_WRONLY", StringComparison.Ordinal)
            || arguments.Contains("O_RDWR", StringComparison.Ordinal),
        _ => false,
    };

    [GeneratedRegex(@"^(?:(\d+) +)?(\w+)\((.*)$")]
    private static partial Regex Line();

    [GeneratedRegex(@"^\d+<([^>]*)>")]
    private static partial Regex Descriptor();

    [GeneratedRegex(@"^\d+<socket:|^AF_UNIX")]
    private static partial Regex Socket();

    /// <summary>The runtime has its own pipes.</summary>
    [GeneratedRegex(@"^[012]<pipe:")]
    private static partial Regex Standard();

    [GeneratedRegex("\"([^\"]*)\"")]
    private static partial Regex Quoted();

    [GeneratedRegex(@", (\d+)(?:\)| <unfinished)")]
    private static partial Regex Size();

    [GeneratedRegex(@"^var/cache/.*/\.|^proc/(?!1/(fd|exe)$)\d")]
    private static partial Regex Numbered();

    /// <summary>The number of a device's node, which goes up.</summary>
    [GeneratedRegex(@"(?<=dev/vfio/)[-+]?\d+$")]
    private static partial Regex Node();
}
