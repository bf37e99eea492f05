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
