namespace LibvirtMdevHook.SystemTests.Simulation;

/// <summary>
/// A root folder of plain files, for tests that need no simulator. A line is <c>path/</c> for a folder, <c>path -> target</c> for a link,
/// or <c>path = text</c> for a file, with \n for a line end. A mode in octal may come first, as in <c>755 path = text</c>.
/// </summary>
internal sealed class PlainTree : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public PlainTree(string lines) => Add(lines);

    public string Root => _folder.Path;

    public string InRoot(string path) => Path.Combine(Root, path);

    public void Add(string lines)
    {
        foreach (var line in lines.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            AddLine(line);
    }

    public void Dispose() => _folder.Dispose();

    private void AddLine(string line)
    {
        if (line.EndsWith('/'))
        {
            Directory.CreateDirectory(InRoot(line));
        }
        else if (line.Split(" -> ") is [var link, var target])
        {
            File.CreateSymbolicLink(Made(link), target);
        }
        else
        {
            var parts = (line + ' ').Split(" = ", 2);
            var mode = char.IsAsciiDigit(parts[0][0]) ? parts[0].Split(' ')[0] : "644";
            var file = Made(parts[0].Split(' ')[^1]);
            File.WriteAllText(file, parts[1].TrimEnd().Replace("\\n", "\n", StringComparison.Ordinal));
            File.SetUnixFileMode(file, (UnixFileMode)Convert.ToInt32(mode, 8));
        }
    }

    private string Made(string path)
    {
        var file = InRoot(path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        return file;
    }
}
