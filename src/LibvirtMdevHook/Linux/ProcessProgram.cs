namespace LibvirtMdevHook.Linux;

/// <summary>The program that a process runs, as its link <c>exe</c> in /proc shows it (proc(5)).</summary>
internal static class ProcessProgram
{
    /// <summary>What the kernel adds to the path of a file that was deleted or replaced.</summary>
    private const string Deleted = " (deleted)";

    /// <param name="process">The folder of the process in /proc.</param>
    /// <returns>
    /// The path, also of a program that was replaced since, as an upgrade does; null when /proc
    /// does not tell it, as to others than root.
    /// </returns>
    public static string? PathOf(HostPath process)
    {
        var path = HostFile.LinkTarget(process / "exe", out _);
        return path?.EndsWith(Deleted, StringComparison.Ordinal) == true ? path[..^Deleted.Length] : path;
    }
}
