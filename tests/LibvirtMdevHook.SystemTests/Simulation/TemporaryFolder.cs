namespace LibvirtMdevHook.SystemTests.Simulation;

/// <summary>A folder that exists as long as a test runs.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("mdev-test-").FullName;

    /// <summary>Writes an executable script.</summary>
    /// <returns>Its full name.</returns>
    public string Program(string name, string text)
    {
        var file = System.IO.Path.Combine(Path, name);
        File.WriteAllText(file, text);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return file;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
