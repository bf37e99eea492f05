using System.Text;
using LibvirtMdevHook.SystemTests.Lab;
using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>A domain without a declaration: every start of every guest pays for the hook, so it may cost next to nothing.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class NoDeclarationTests
{
    // As long as that of a usual guest.
    private static readonly DeclaringDomain Undeclared = new("plain") { More = $"<!--{new string('x', 7000)}-->" };

    private static string Xml => Undeclared.WithoutMetadata();

    [TestCase("prepare")]
    [TestCase("migrate")]
    [TestCase("restore")]
    [TestCase("unheard-of")]
    public void Nothing_is_opened_but_what_the_program_itself_takes(string operation)
    {
        using var root = new TemporaryFolder();

        Assert.That(Files(root, operation), Is.EqualTo(Files(root, "nonsense")));
    }

    [TestCase("start")]
    [TestCase("started")]
    [TestCase("stopped")]
    [TestCase("release")]
    [TestCase("reconnect")]
    [TestCase("attach")]
    public void Only_the_record_that_is_not_there_is_looked_for(string operation)
    {
        using var root = new TemporaryFolder();
        var record = $"{root.Path}/run/libvirt-mdev/domains/{Undeclared.Uuid}.xml";

        var files = Files(root, operation);

        Assert.That(files.Where(file => file.Contains(root.Path, StringComparison.Ordinal)), Is.EqualTo(new[] { $"openat {record}" }));
        Assert.That(files.Where(file => !file.Contains(root.Path, StringComparison.Ordinal)), Is.EqualTo(Files(root, "nonsense")));
    }

    [Test]
    public void Nothing_is_said_and_nothing_is_left()
    {
        using var host = new HookedHost("m60-rfc2016.xml");
        foreach (var operation in new[] { "prepare", "start", "started", "stopped", "release", "reconnect", "attach", "migrate", "restore" })
        {
            host.Call(operation, Undeclared.Name, Xml).IsGood(operation);
        }

        Assert.That(host.Host.Log(), Is.Empty);
        Assert.That(host.Log, Is.Empty);
        Assert.That(Directory.Exists(host.InRoot("run/libvirt-mdev")), Is.False);
    }

    [NonParallelizable]
    [TestCase("prepare")]
    [TestCase("release")]
    public void It_takes_at_most_three_times_as_long_as_a_hook_that_does_nothing(string operation)
    {
        const int rounds = 60;
        using var folder = new TemporaryFolder();
        var empty = folder.Program("empty-hook", "#!/bin/sh\n");
        var input = Encoding.UTF8.GetBytes(Xml);
        string[] arguments = [Undeclared.Name, operation, "begin", "-"];
        var (theirs, ours) = (new List<double>(), new List<double>());
        for (var round = 0; round < rounds; round++)
        {
            theirs.Add(BareProcess.Time(input, empty, arguments).TotalMilliseconds);
            ours.Add(BareProcess.Time(input, SourceTree.Hook, arguments).TotalMilliseconds);
        }

        theirs.Sort();
        ours.Sort();
        var ratio = ours[0] / theirs[0];
        TestContext.Out.WriteLine($"{operation}: {ratio:0.00} times an empty shell script at the minimum, {ours[rounds / 2] / theirs[rounds / 2]:0.00} at the "
            + $"median; minimum {ours[0]:0.00} ms against {theirs[0]:0.00} ms, median {ours[rounds / 2]:0.00} ms against {theirs[rounds / 2]:0.00} ms");
        Assert.That(ratio, Is.LessThanOrEqualTo(3.0));
    }

    private static IReadOnlyList<string> Files(TemporaryFolder root, string operation) =>
        Strace.Files(root.Path, Xml, SourceTree.Hook, Undeclared.Name, operation, "begin", "-");
}
