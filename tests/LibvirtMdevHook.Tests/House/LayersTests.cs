using NUnit.Framework;

namespace LibvirtMdevHook.Tests.House;

/// <summary>The data goes one way: a folder of the library uses only folders before it in this list.</summary>
internal sealed class LayersTests
{
    public static readonly string[] Folders =
    [
        "Linux", "Domains", "DomainEdits", "Settings", "Hosts", "Records", "Planning", "Log", "Devices", "HookOperations",
        "Virsh", "HotPlug", "Upkeep", "Reports", "Doctor",
    ];

    private const string Library = "src/LibvirtMdevHook";
    private const string Hook = "src/LibvirtMdevHook.Hook";

    private static readonly SourceFolder[] Sources = [.. Folders.Select(folder => SourceFolder.Read($"{Library}/{folder}"))];
    private static readonly HashSet<string>[] Types = [.. Sources.Select(folder => folder.Files.SelectMany(TypesIn).ToHashSet())];

    [Test]
    public void A_folder_uses_only_folders_before_it() => Assert.That(Sources.SelectMany(FoldersUsedTooEarly), Is.Empty);

    [Test]
    public void Every_folder_is_in_the_list() =>
        Assert.That(
            Directory.GetDirectories(Path.Combine(SourceFolder.Repository(), Library)).Select(Path.GetFileName),
            Is.EquivalentTo(Folders));

    /// <summary>libvirtd waits for the hook and holds the domain's lock, so a call of libvirt would wait for ever.</summary>
    [Test]
    public void Nothing_that_a_hook_operation_uses_talks_to_libvirt()
    {
        var virsh = Array.IndexOf(Folders, "Virsh");
        string[] forbidden = ["Virsh", .. Types[virsh], "ChildProgram", "Process", "ProcessStartInfo"];
        var wrong = Sources[..virsh].Append(SourceFolder.Read(Hook)).SelectMany(folder => folder.Files)
            .Where(file => file.Name != "ChildProgram.cs")
            .SelectMany(file => SourceLexer.Read(file.Text).Where(token => forbidden.Contains(token.Text))
                .Select(token => $"{file.Path}:{token.Line} mentions {token.Text}"));
        Assert.That(wrong, Is.Empty);
    }

    [Test]
    public void The_hook_uses_only_what_its_operations_use()
    {
        var allowed = Array.IndexOf(Folders, "HookOperations");
        var wrong = SourceFolder.Read(Hook).Files
            .SelectMany(file => FoldersIn(file).Where(used => used.Name != "Hook" && (used.Index < 0 || used.Index > allowed))
                .Select(used => $"{file.Path}:{used.Line} uses {used.Name}"));
        Assert.That(wrong, Is.Empty);
    }

    private static IEnumerable<string> FoldersUsedTooEarly(SourceFolder folder, int index) =>
        folder.Files.SelectMany(file => FoldersIn(file).Where(used => used.Index < 0 || used.Index > index)
            .Select(used => $"{file.Path}:{used.Line} uses {used.Name}"));

    /// <summary>Folders that a file names: after <c>using</c>, with or without an alias, or in front of a type's name.</summary>
    /// <returns>A negative index for a folder that there is not.</returns>
    private static IEnumerable<(string Name, int Index, int Line)> FoldersIn(SourceFile file)
    {
        var tokens = SourceLexer.Read(file.Text);
        for (var at = 0; at + 2 < tokens.Length; at++)
        {
            if (tokens[at + 1].Text != ".")
                continue;
            var (name, line) = tokens[at + 2];
            if (tokens[at].Text == nameof(LibvirtMdevHook))
                yield return (name, Array.IndexOf(Folders, name), line);
            // The namespace around a folder's own lets its name alone do, too: 'Virsh.VirshClient'.
            var folder = Array.IndexOf(Folders, tokens[at].Text);
            if (folder >= 0 && Types[folder].Contains(name))
                yield return (tokens[at].Text, folder, line);
        }
    }

    /// <summary>The types that a file declares outside any other.</summary>
    private static IEnumerable<string> TypesIn(SourceFile file)
    {
        var tokens = SourceLexer.Read(file.Text);
        var depth = 0;
        for (var at = 0; at + 1 < tokens.Length; at++)
        {
            depth += tokens[at].Text == "{" ? 1 : 0;
            depth -= tokens[at].Text == "}" ? 1 : 0;
            var declares = depth == 0 && tokens[at].Text is "class" or "record" or "struct" or "enum" or "interface";
            if (declares && tokens[at + 1].IsWord && tokens[at + 1].Text != "struct")
                yield return tokens[at + 1].Text;
        }
    }
}
