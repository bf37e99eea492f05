namespace LibvirtMdevHook.Linux;

/// <summary>
/// Where programs of the host are looked for: in the absolute folders of PATH. A relative or an
/// empty entry means the current folder and is passed over: a file there may be any user's.
/// </summary>
internal static class SearchPath
{
    /// <param name="program">Its bare name.</param>
    /// <returns>Its absolute path; null when there is none that can be executed.</returns>
    public static string? Find(string program) => Find(program, Environment.GetEnvironmentVariable("PATH") ?? "");

    /// <param name="path">The text of PATH.</param>
    public static string? Find(string program, string path)
    {
        foreach (var folder in path.Split(':'))
        {
            if (!folder.StartsWith('/'))
                continue;
            var file = new HostPath(folder) / program;
            if (FileStatus.Of(file, out _) is { IsExecutable: true })
                return file.Text;
        }

        return null;
    }
}
