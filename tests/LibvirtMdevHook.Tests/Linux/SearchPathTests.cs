using LibvirtMdevHook.Linux;
using NUnit.Framework;

namespace LibvirtMdevHook.Tests.Linux;

/// <summary>Programs are found in the absolute folders of PATH alone.</summary>
internal sealed class SearchPathTests
{
    private const UnixFileMode Executable = UnixFileMode.UserRead | UnixFileMode.UserExecute;

    [Test]
    public void The_first_file_that_can_be_executed_is_taken()
    {
        using var tree = new TreeOfText("""
            a/virsh/
            b/virsh = not to be executed
            c/virsh -> nowhere
            d/virsh -> ../lib/virsh-1
            lib/virsh-1 =
            e/virsh =
            """);
        foreach (var program in new[] { "lib/virsh-1", "e/virsh" })
            File.SetUnixFileMode(tree.PathOf(program), Executable);
        var path = string.Join(':', new[] { "nowhere", "a", "b", "c", "d", "e" }.Select(tree.PathOf));

        Assert.That(SearchPath.Find("virsh", path), Is.EqualTo(tree.PathOf("d/virsh")));
    }

    /// <summary>
    /// They are as good as what the current folder is, which somebody else may have made. An empty one is the current folder
    /// itself.
    /// </summary>
    [Test]
    public void Folders_that_are_not_absolute_are_passed_over()
    {
        using var tree = new TreeOfText("a/virsh =\nb/virsh =");
        foreach (var program in new[] { "a/virsh", "b/virsh" })
            File.SetUnixFileMode(tree.PathOf(program), Executable);
        var relative = Path.GetRelativePath(Environment.CurrentDirectory, tree.PathOf("a"));
        Assert.That(File.Exists(Path.Combine(relative, "virsh")));

        Assert.Multiple(() =>
        {
            Assert.That(SearchPath.Find("virsh", relative), Is.Null);
            Assert.That(SearchPath.Find("virsh", $":.:{relative}:{tree.PathOf("b")}"), Is.EqualTo(tree.PathOf("b/virsh")));
            Assert.That(SearchPath.Find("virsh", ""), Is.Null);
        });
    }
}
