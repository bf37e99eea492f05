using System.Text.RegularExpressions;
using NUnit.Framework;

namespace LibvirtMdevHook.Tests.House;

/// <summary>src/README.md names files, folders, types and members in backquotes; none of them may be gone.</summary>
internal sealed partial class MapTests
{
    private const string Map = "src/README.md";

    /// <summary>Where a path of the map may begin.</summary>
    private static readonly string[] Starts = ["src", "src/LibvirtMdevHook", "tests"];

    private static readonly string Text = File.ReadAllText(Path.Combine(SourceFolder.Repository(), Map));

    private static string[] Quoted => [.. Backquoted().Matches(Text).Select(match => match.Groups[1].Value)];

    [Test]
    public void Every_path_in_the_map_is_there()
    {
        var paths = Quoted.Where(text => RelativePath().IsMatch(text)).ToArray();
        Assert.That(paths, Is.Not.Empty);
        Assert.That(paths.Where(path => !IsThere(path)), Is.Empty);
    }

    [Test]
    public void Every_type_and_member_in_the_map_is_in_the_source()
    {
        var files = SourceFolder.Read("src").Files.Concat(SourceFolder.Read("tests").Files);
        var words = files.SelectMany(file => SourceLexer.Read(file.Text)).Select(token => token.Text).ToHashSet();
        var names = Quoted.Where(text => Name().IsMatch(text)).SelectMany(text => text.Split('.'));
        Assert.That(names.Where(name => !words.Contains(name)), Is.Empty);
    }

    [Test]
    public void Every_folder_of_the_library_has_its_row_in_order() =>
        Assert.That(FolderRow().Matches(Text).Select(match => match.Groups[1].Value), Is.EqualTo(LayersTests.Folders));

    [Test]
    public void The_map_has_no_more_than_80_lines() => Assert.That(Text.TrimEnd('\n').Split('\n'), Has.Length.AtMost(80));

    private static bool IsThere(string path) =>
        Starts.Select(start => Path.Combine(SourceFolder.Repository(), start, path)).Any(Path.Exists);

    [GeneratedRegex("`([^`\n]+)`")]
    private static partial Regex Backquoted();

    /// <summary>Not of the host, so without a slash at its beginning.</summary>
    [GeneratedRegex(@"^(\.\./)*[\w.-]+(/[\w.-]*)+$|^[\w.-]+\.(cs|md|conf|sh|sln|props|rng|xsd)$")]
    private static partial Regex RelativePath();

    [GeneratedRegex(@"^[A-Z]\w+(\.[A-Z]\w+)*$")]
    private static partial Regex Name();

    [GeneratedRegex(@"^\| `(\w+)/` \|", RegexOptions.Multiline)]
    private static partial Regex FolderRow();
}
