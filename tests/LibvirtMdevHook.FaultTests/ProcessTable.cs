using System.Globalization;
using LibvirtMdevHook.SystemTests.Simulation;

namespace LibvirtMdevHook.FaultTests;

/// <summary>Processes as /proc shows them.</summary>
internal static class ProcessTable
{
    /// <returns>The first child of a process, such as the worker of a hook, or null.</returns>
    public static int? ChildOf(int parent)
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), out var id) && Stat(id) is { } stat && stat[1] == $"{parent}" && stat[0] != "Z")
                return id;
        }

        return null;
    }

    /// <summary>The same by one look at the parent's first thread, which sees a child before it does anything.</summary>
    public static int? NewChildOf(int parent)
    {
        try
        {
            var children = File.ReadAllText($"/proc/{parent}/task/{parent}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return children.Length > 0 ? int.Parse(children[0], CultureInfo.InvariantCulture) : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <returns>The letter of its state, such as T for stopped, or null when the process does not exist.</returns>
    public static string? State(int process) => Stat(process)?[0];

    /// <summary>A killed process stays in the kernel, its first thread a zombie, until its last write has ended.</summary>
    public static bool IsOver(int process)
    {
        try
        {
            return State(process) is null || (State(process) == "Z" && Directory.GetDirectories($"/proc/{process}/task").Length == 1);
        }
        catch (IOException)
        {
            return true;
        }
    }

    /// <returns>Our processes that act on a host, for a hook or for virt-mdev.</returns>
    public static IReadOnlyList<int> Acting(string root) => [.. Directory.EnumerateDirectories("/proc")
        .Select(folder => int.TryParse(Path.GetFileName(folder), out var id) ? id : 0)
        .Where(id => id > 0 && IsActing(id) && Words(id, "environ").Contains($"LIBVIRT_MDEV_ROOT={root}"))];

    /// <summary>True once the process has executed the acting program; before, it has the arguments of its parent.</summary>
    public static bool IsActing(int process) => Words(process, "cmdline") is [_, "worker"] or [.., "--report-to", _];

    /// <summary>True if the process has a handler for a signal.</summary>
    public static bool Catches(int process, int signal)
    {
        var caught = Status(process, "SigCgt");
        return caught is not null && (Convert.ToUInt64(caught, 16) >> (signal - 1) & 1) != 0;
    }

    /// <returns>Its session, or 0 when the process does not exist.</returns>
    public static int Session(int process) => Stat(process) is { } stat ? int.Parse(stat[3], CultureInfo.InvariantCulture) : 0;

    /// <summary>Whether a process has locked a file with flock(2).</summary>
    public static bool HasLock(int process, string file)
    {
        var inode = Shell.Run("stat", "-c", "%i", file).Output.Trim();
        return File.ReadLines("/proc/locks").Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Any(words => words is [_, "FLOCK", _, _, var holder, var place, ..] && holder == $"{process}"
                && place.EndsWith($":{inode}", StringComparison.Ordinal));
    }

    public static void Signal(string name, int process) => Shell.Run("kill", $"-{name}", $"{process}");

    /// <returns>What the descriptors of a process lead to.</returns>
    public static IReadOnlyList<string> Files(int process) =>
        [.. new DirectoryInfo($"/proc/{process}/fd").EnumerateFiles().Select(file => file.LinkTarget).OfType<string>()];

    private static string[] Words(int process, string file)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/{file}").TrimEnd('\0').Split('\0');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static string? Status(int process, string key)
    {
        try
        {
            return File.ReadLines($"/proc/{process}/status")
                .FirstOrDefault(line => line.StartsWith($"{key}:", StringComparison.Ordinal))?.Split('\t')[1];
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>The fields from the third on; the second is the name in brackets.</summary>
    private static string[]? Stat(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/stat").Split(") ")[^1].Split(' ');
        }
        catch (IOException)
        {
            return null;
        }
    }
}
