using LibvirtMdevHook.SystemTests.Simulation;

namespace LibvirtMdevHook.FaultTests;

/// <summary>Processes as /proc shows them.</summary>
internal static class Processes
{
    /// <returns>The first child of a process, such as the worker of a hook; null when there is none (any more).</returns>
    public static int? ChildOf(int parent)
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), out var id) && Stat(id) is { } stat && stat[1] == $"{parent}" && stat[0] != "Z")
                return id;
        }

        return null;
    }

    /// <returns>The letter of its state, such as T when it is stopped; null when there is none (any more).</returns>
    public static string? State(int process) => Stat(process)?[0];

    /// <summary>A process that was killed lives on in the kernel, its first thread a zombie, until its last write has ended.</summary>
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

    /// <summary>Whether a process has come to be the program that it was started for; before, it has the files of its parent.</summary>
    public static bool Runs(int process, string program)
    {
        try
        {
            return new FileInfo($"/proc/{process}/exe").LinkTarget == program;
        }
        catch (IOException)
        {
            return false;
        }
    }

    public static void Signal(string name, int process) => Shell.Run("kill", $"-{name}", $"{process}");

    /// <returns>What the descriptors of a process lead to.</returns>
    public static IReadOnlyList<string> Files(int process) =>
        [.. new DirectoryInfo($"/proc/{process}/fd").EnumerateFiles().Select(file => file.LinkTarget).OfType<string>()];

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
