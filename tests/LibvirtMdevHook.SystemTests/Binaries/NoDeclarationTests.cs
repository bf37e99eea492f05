using LibvirtMdevHook.SystemTests.Lab;
using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>A domain without a declaration: every start of every guest runs the hook, so it may cost next to nothing.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class NoDeclarationTests
{
    private static readonly DeclaringDomain Undeclared = new("plain");

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
        string[] operations = ["prepare", "start", "started", "stopped", "release", "reconnect", "attach", "migrate", "restore"];
        foreach (var operation in operations)
            host.Call(operation, Undeclared.Name, Xml).MustBeGood(operation);
        Assert.That(host.Host.Log(), Is.Empty);
        Assert.That(host.Log, Is.Empty);
        Assert.That(Directory.Exists(host.InRoot("run/libvirt-mdev")), Is.False);
    }

    /// <summary>libvirtd was killed while it started the domain, which was then defined anew.</summary>
    [TestCase("m60-rfc2016.xml")]
    [TestCase("m60-mdev.xml")]
    public void A_leftover_record_refuses_no_start(string hostFile)
    {
        using var host = new HookedHost(hostFile, "removal_grace = 0");
        var domain = DeclaringDomain.With("win10", 2, "GRID M60-4Q");
        host.Call("prepare", domain).MustBeGood();
        host.Host.Control($"vanish {domain.Vgpus[0].Uuid}");

        foreach (var operation in new[] { "prepare", "start", "started" })
            host.Call(operation, domain.Name, domain.WithoutMetadata()).MustBeGood(operation);

        Assert.That(host.Log, Does.Contain($"'{domain.Vgpus[0].Uuid}'").And.Contain("the domain declares nothing of its record"));
        host.Stop(domain);
        host.MustBeAsBefore();
    }

    private static IReadOnlyList<string> Files(TemporaryFolder root, string operation) =>
        Strace.Files(root.Path, Xml, SourceTree.Hook, Undeclared.Name, operation, "begin", "-");
}
