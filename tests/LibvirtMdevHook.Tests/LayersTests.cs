using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using NUnit.Framework;

namespace LibvirtMdevHook.Tests;

/// <summary>The data goes one way: a folder of the library uses only folders before it in this list.</summary>
internal sealed partial class LayersTests
{
    private static readonly string[] Folders =
    [
        "Linux", "Domains", "DomainEdits", "Settings", "Hosts", "Records", "Planning", "Log", "Devices", "HookOperations",
        "Virsh", "HotPlug", "Upkeep", "Reports", "Doctor",
    ];

    [Test]
    public void A_folder_uses_only_folders_before_it()
    {
        var wrong = Folders.SelectMany((folder, index) => Directory.GetFiles(Path.Combine(Library(), folder), "*.cs")
            .SelectMany(file => Using().Matches(File.ReadAllText(file)).Select(m => m.Groups[1].Value)
                .Where(used => Array.IndexOf(Folders, used) is var at && (at < 0 || at > index))
                .Select(used => $"{folder}/{Path.GetFileName(file)} uses {used}")));
        Assert.That(wrong, Is.Empty);
    }

    [Test]
    public void Every_folder_is_in_the_list() =>
        Assert.That(Directory.GetDirectories(Library()).Select(Path.GetFileName), Is.EquivalentTo(Folders));

    private static string Library([CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, "../../src/LibvirtMdevHook");

    [GeneratedRegex(@"^using LibvirtMdevHook\.(\w+);", RegexOptions.Multiline)]
    private static partial Regex Using();
}
