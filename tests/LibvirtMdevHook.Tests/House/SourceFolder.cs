using System.Runtime.CompilerServices;

namespace LibvirtMdevHook.Tests.House;

/// <summary>A folder of C# files in the repository.</summary>
internal sealed class SourceFolder
{
    private SourceFolder(string name, SourceFile[] files) => (Name, Files) = (name, files);

    public string Name { get; }

    public SourceFile[] Files { get; }

    /// <param name="folder">From the root of the repository on.</param>
    public static SourceFolder Read(string folder)
    {
        var root = Repository();
        var paths = Directory.GetFiles(Path.Combine(root, folder), "*.cs", SearchOption.AllDirectories).Order(StringComparer.Ordinal);
        var files = paths.Select(path => new SourceFile(Path.GetRelativePath(root, path), File.ReadAllText(path)));
        return new SourceFolder(folder, [.. files]);
    }

    public static string Repository([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../.."));
}

/// <param name="Path">From the root of the repository on.</param>
internal sealed record SourceFile(string Path, string Text)
{
    public string Name => System.IO.Path.GetFileName(Path);

    public string[] Lines { get; } = Text.TrimEnd('\n').Split('\n');
}
