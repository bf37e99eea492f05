using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Tests;

/// <summary>
/// A host as plain files in a temporary folder, made from text: <c>path/</c> is a folder, <c>path -> target</c> a link, <c>path = text</c>
/// a file (\n for a line end). Names before the first such line of a file in Trees; every parent needs what the kernel would show.
/// </summary>
internal sealed class TreeOfText : IDisposable
{
    public const string Boot = "11111111-2222-3333-4444-555555555555";

    private readonly string _folder = Directory.CreateTempSubdirectory("mdev-tree-").FullName;

    public TreeOfText(string text)
    {
        Add($"proc/sys/kernel/random/boot_id = {Boot}\\n\nrun/\netc/libvirt/\nvar/log/libvirt/\ndev/vfio/");
        Add(text);
    }

    public Root Root => new(_folder);

    /// <summary>The messages of the record store.</summary>
    public List<string> Reports { get; } = [];

    public static TreeOfText Of(params string[] names) =>
        new(string.Join('\n', names.Select(name => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Trees", name + ".tree")))));

    public RecordStore Store() => new(Root, Boot, Reports.Add);

    public void Add(string text)
    {
        foreach (var line in text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Where(l => l[0] != '#'))
        {
            if (line.EndsWith('/'))
                Directory.CreateDirectory(PathOf(line));
            else if (line.Split(" -> ") is [var link, var target])
                File.CreateSymbolicLink(Parent(link), target);
            else if ((line + ' ').Split(" = ", 2) is [var file, var content])
                File.WriteAllText(Parent(file), content.TrimEnd().Replace("\\n", "\n", StringComparison.Ordinal));
            else
                throw new FormatException($"'{line}' is not a line of a tree");
        }
    }

    /// <summary>A domain's record as a later version of the program may write it.</summary>
    public void AddNewerRecord(string domain, string device, string parent) => Add(
        $"run/libvirt-mdev/domains/{domain}.xml = <record version='2' boot='{Boot}'><device><name>{device}</name>"
        + $"<parent>{parent}</parent></device></record>");

    public string PathOf(string relative) => Path.Combine(_folder, relative);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Parent(string relative)
    {
        var path = PathOf(relative);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return path;
    }
}
