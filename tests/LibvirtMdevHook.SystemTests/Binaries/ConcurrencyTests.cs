using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>libvirtd calls the hooks of different domains at the same time.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ConcurrencyTests
{
    [TestCase("m60-rfc2016.xml")]
    [TestCase("m60-mdev.xml")]
    public void Of_eight_domains_four_start_where_four_instances_are(string hostFile)
    {
        using var host = new HookedHost(hostFile, "removal_grace = 0");
        // Slow enough for all to plan before the first device exists.
        host.Host.Control("fault delay=200ms op=write path=**/*create");
        var domains = Enumerable.Range(1, 8).Select(n => DeclaringDomain.With($"domain{n}", 1, "GRID M60-4Q")).ToArray();

        var runs = domains.Select(domain => host.Begin("prepare", domain)).ToArray().Select(prepare => prepare.End()).ToArray();

        var started = domains.Zip(runs).Where(pair => pair.Second.Status == 0).Select(pair => pair.First).ToArray();
        Assert.That(started, Has.Length.EqualTo(4));
        foreach (var (domain, run) in domains.Zip(runs))
        {
            _ = started.Contains(domain)
                ? run.MustBeGood()
                : run.MustBeRefused($"'{domain.Name}'", "'0000:86:00.0'", "'0000:87:00.0'", "no instance");
        }

        // A device may appear while the host is read; then the kernel has the last word.
        Assert.That(host.Creates.Count(w => w.EndsWith(" ok", StringComparison.Ordinal)), Is.EqualTo(4));
        Together(host, "start", started);
        Together(host, "stopped", domains);
        Together(host, "release", domains);
        host.MustBeAsBefore();
    }

    [TestCase("m60-rfc2016.xml")]
    [TestCase("m60-mdev.xml")]
    public void Of_two_domains_one_gets_the_last_instance(string hostFile)
    {
        using var host = new HookedHost(hostFile, "removal_grace = 0");
        var earlier = DeclaringDomain.With("earlier", 3, "GRID M60-4Q");
        host.Start(earlier);
        var running = host.Host.Tree();
        for (var round = 0; round < 3; round++)
        {
            DeclaringDomain[] rivals = [DeclaringDomain.With("one", 1, "GRID M60-4Q"), DeclaringDomain.With("two", 1, "GRID M60-4Q")];

            var runs = rivals.Select(domain => host.Begin("prepare", domain)).ToArray().Select(prepare => prepare.End()).ToArray();

            Assert.That(runs.Select(run => run.Status).Order(), Is.EqualTo(new[] { 0, 1 }));
            runs.Single(run => run.Status == 1).MustBeRefused("no instance");
            Together(host, "release", rivals);
            host.WaitForWorkers();
            Assert.That(host.Host.Tree(), Is.EqualTo(running));
        }

        host.Stop(earlier);
        host.MustBeAsBefore();
    }

    /// <summary>The kernel counts the device already, and the record of its domain does not say yet that it is there.</summary>
    [Test]
    public void A_device_that_is_made_while_the_host_is_read_is_counted_once()
    {
        using var host = new HookedHost("samples.xml", "removal_grace = 0");
        host.Start(DeclaringDomain.With("running", 2, "mdpy-vga"));
        host.Host.Control("fault delay=500ms op=write path=**/create count=1");
        host.Host.Control("fault delay=1s op=read path=**/mdpy-vga/available_instances nth=2 count=1");
        var first = host.Begin("prepare", DeclaringDomain.With("first", 1, "mdpy-vga"));
        host.Host.WaitForLog(line => line.StartsWith("begin write", StringComparison.Ordinal));

        host.Call("prepare", DeclaringDomain.With("second", 1, "mdpy-vga")).MustBeGood();

        first.End().MustBeGood();
    }

    [Test]
    public void Whole_lives_of_domains_side_by_side_leave_nothing()
    {
        using var host = new HookedHost("samples.xml");
        string[] types = ["mtty-1", "mtty-2", "mdpy-vga", "mbochs-small"];

        var lives = types.Concat(types).Select((type, n) => Task.Factory.StartNew(() =>
        {
            var domain = DeclaringDomain.With($"domain{n}", 2, type);
            for (var life = 0; life < 3; life++)
            {
                host.Start(domain);
                host.Stop(domain);
            }
        }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToArray();

        Assert.That(Task.WaitAll(lives, TimeSpan.FromSeconds(60)), Is.True);
        Assert.That(host.Writes.Where(w => !w.EndsWith(" ok", StringComparison.Ordinal)), Is.Empty);
        Assert.That(host.Writes, Has.Count.EqualTo(2 * 2 * 3 * lives.Length));
        host.MustBeAsBefore();
    }

    [Test]
    public void Lines_of_the_log_neither_tear_nor_get_lost()
    {
        using var host = new HookedHost("samples.xml");
        var domains = Enumerable.Range(1, 8).Select(n => DeclaringDomain.With($"domain{n}", 2, "mtty-1")).ToArray();

        Together(host, "prepare", domains);
        Together(host, "release", domains);
        host.MustBeAsBefore();

        var lines = host.Log.TrimEnd('\n').Split('\n');
        const string line = @"^\S+Z Info  (prepare|release) of domain '\w+': (created|removed) '[0-9a-f-]{36}' \('Single port.*\)$";
        Assert.That(lines, Has.Length.EqualTo(2 * 2 * domains.Length).And.All.Match(line));
    }

    private static void Together(HookedHost host, string operation, IEnumerable<DeclaringDomain> domains)
    {
        foreach (var call in domains.Select(domain => host.Begin(operation, domain)).ToArray())
            call.End().MustBeGood(operation);
    }
}
