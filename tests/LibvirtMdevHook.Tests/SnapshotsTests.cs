using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using NUnit.Framework;

namespace LibvirtMdevHook.Tests;

/// <summary>A snapshot whose test was renamed or removed would lie there unread.</summary>
internal sealed class SnapshotsTests
{
    [Test]
    public void Every_snapshot_belongs_to_a_test()
    {
        var snapshots = Directory.GetFiles(Folder(), "*.verified.*", SearchOption.AllDirectories);
        Assert.That(snapshots, Is.Not.Empty);
        Assert.That(snapshots.Where(snapshot => !HasTest(snapshot)), Is.Empty);
    }

    /// <summary>True if the class beside the snapshot has the method, and the method's argument if it takes one.</summary>
    private static bool HasTest(string snapshot)
    {
        var name = Regex.Match(Path.GetFileName(snapshot), @"^(\w+)\.(\w+?)(?:_[A-Za-z]+=(.+))?\.verified\.\w+$");
        var source = Path.Combine(Path.GetDirectoryName(snapshot)!, $"{name.Groups[1].Value}.cs");
        if (!name.Success || !File.Exists(source))
            return false;
        var text = File.ReadAllText(source);
        return text.Contains($" {name.Groups[2].Value}(", StringComparison.Ordinal)
            && (!name.Groups[3].Success || text.Contains($"\"{name.Groups[3].Value}\"", StringComparison.Ordinal));
    }

    private static string Folder([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, ".."));
}
