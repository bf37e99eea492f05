using System.Text;
using LibvirtMdevHook.FaultTests.Hostile;
using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.FaultTests.Records;

/// <summary>
/// A record that is not ours, not whole, or not of this boot: in every operation the device that it names stays as it is, a line of the log
/// says why, and no process waits.
/// </summary>
[TestFixture]
[Parallelizable(ParallelScope.Self)]
internal sealed class RecordTests
{
    private static readonly string[] Operations =
        ["prepare", "start", "started", "stopped", "release", "reconnect", "attach", "migrate", "reconcile", "list"];

    /// <summary>Enough for any operation and the start of its worker on a busy machine; none of these has to wait for anything.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private static IEnumerable<Spoiling> Ways()
    {
        yield return new("empty", host => File.WriteAllText(host.Record, ""));
        yield return new("not XML", host => File.WriteAllText(host.Record, "\0\u0001\ufffd"));
        yield return new("of another owner", host => Write(host, host.RecordText(), "chown 12345"));
        yield return new("of another owner and group-writable", host => Write(host, host.RecordText(), "chown 12345:12345", "chmod 664"));
        yield return new("writable by its group", host => Write(host, host.RecordText(), "chmod 664"));
        yield return new("writable by all", host => Write(host, host.RecordText(), "chmod 646"));
        yield return new("of a future version", host => File.WriteAllText(host.Record, host.RecordText(version: "2")));
        yield return new("of another domain",
            host => File.WriteAllText(host.Record, host.RecordText(domain: "99999999-1d52-d8f3-2516-782e98ab3fa0")));
        yield return new("a link to one", host =>
        {
            File.WriteAllText(host.In("elsewhere.xml"), host.RecordText());
            File.CreateSymbolicLink(host.Record, host.In("elsewhere.xml"));
        });
        yield return new("a link to nothing", host => File.CreateSymbolicLink(host.Record, "/nowhere"));
        yield return new("a folder", host => Directory.CreateDirectory(host.Record));
        yield return new("a fifo", host => PlainHost.MakeFifo(host.Record));
        yield return new("a device node", host => Shell.Run("mknod", host.Record, "c", "1", "5"));
        yield return new("huge", host => File.WriteAllText(host.Record, host.RecordText() + new string(' ', 3 << 20)));
        yield return new("deep", host => File.WriteAllText(host.Record, host.RecordText().Replace("win10", new string('x', 9)
            .Replace("x", string.Concat(Enumerable.Repeat("<a>", 8000)), StringComparison.Ordinal)
            + string.Concat(Enumerable.Repeat("</a>", 72_000)), StringComparison.Ordinal)));
        yield return new("with a DTD", host => File.WriteAllText(host.Record, "<!DOCTYPE r [<!ENTITY a 'b'>]>" + host.RecordText()));
        yield return new("of a path",
            host => File.WriteAllText(host.Record, host.RecordText().Replace("<parent>", "<parent>../", StringComparison.Ordinal)));
    }

    [TestCaseSource(nameof(Ways))]
    public void A_record_that_is_not_trusted_is_set_aside_and_never_acted_on(Spoiling way)
    {
        var tally = new Tally($"records: {way}") { Of = Operations.Length };
        foreach (var operation in Operations)
            tally.Try(operation, () => MustBeSetAside(operation, way.Spoil));
        tally.Conclude();
    }

    [Test]
    public void A_torn_record_is_set_aside_wherever_it_is_torn()
    {
        using var sample = new PlainHost();
        var length = Encoding.UTF8.GetByteCount(sample.RecordText());
        var budget = Budget.Share(0.1);
        var random = new Random(Budget.Seed);
        var cuts = Enumerable.Range(0, length).ToArray();
        random.Shuffle(cuts);
        var tally = new Tally("records: torn at each byte, at prepare or release") { Of = length };
        foreach (var cut in cuts)
        {
            var operation = random.Next(2) == 0 ? "release" : "prepare";
            tally.Try($"{operation}, cut at {cut}",
                () => MustBeSetAside(operation, host => File.WriteAllText(host.Record, host.RecordText()[..cut])));
            if (budget.IsOver)
                break;
        }

        tally.Conclude();
    }

    [Test]
    public void A_record_of_another_boot_means_nothing_and_is_not_even_mentioned()
    {
        var tally = new Tally("records: of another boot") { Of = Operations.Length };
        foreach (var operation in Operations)
        {
            tally.Try(operation, () =>
            {
                using var host = Prepared(h => File.WriteAllText(h.Record, h.RecordText(boot: "11111111-2222-3333-4444-555555555555")));
                var before = host.Sys();
                Run(host, operation);
                Assert.That(host.Sys(), Is.EqualTo(before));
                Assert.That(Directory.Exists(host.In($"{PlainHost.State}/set-aside")), Is.False, host.Log);
            });
        }

        tally.Conclude();
    }

    /// <summary>The control: the same record, whole and ours, is acted on.</summary>
    [Test]
    public void A_good_record_is_acted_on()
    {
        using var host = Prepared(h => File.WriteAllText(h.Record, h.RecordText()));
        Run(host, "release", waits: false);
        Wait.Until(() => File.ReadAllText(host.In($"{PlainHost.Gpu}/{PlainHost.Device}/remove")) == "1", () => host.Log);
    }

    private static void MustBeSetAside(string operation, Action<PlainHost> spoil)
    {
        using var host = Prepared(spoil);
        var before = host.Sys();
        Run(host, operation);
        // The hook does not look at the record of a domain that it sees for the first time, and migrate does not need it.
        Assert.That(host.Sys(), Is.EqualTo(before), host.Log);
        if (!Directory.Exists(host.In($"{PlainHost.State}/set-aside")))
            Assert.That(operation is not ("start" or "started" or "stopped" or "release" or "reconnect" or "attach") || !CanBeOpened(host),
                host.Log);
        else
            Assert.That(host.Log, Does.Contain($"the record '{host.Record}' is not acted on: ").And.Contain("set-aside"));
        if (operation is "prepare" or "reconcile" or "list" or "migrate")
            Assert.That(Directory.Exists(host.In($"{PlainHost.State}/set-aside")), host.Log);
    }

    /// <summary>To the hook, a dangling link is no record.</summary>
    private static bool CanBeOpened(PlainHost host) => Shell.Run("test", "-e", host.Record).Status == 0;

    private static PlainHost Prepared(Action<PlainHost> spoil)
    {
        var host = new PlainHost();
        host.MakeState();
        spoil(host);
        return host;
    }

    private static void Run(PlainHost host, string operation, bool waits = true)
    {
        if (operation is "reconcile" or "list")
        {
            // virsh is not called: no record counts.
            var outcome = host.VirtMdev(operation);
            Assert.That((outcome.Status, outcome.Errors), Is.EqualTo((0, "")), outcome.Output);
            Assert.That(outcome.Output, Does.Not.Contain("win10").Or.Contain("not trusted"));
            return;
        }

        // Its device is foreign then: it fits, is used, and is left as it is.
        var run = host.Call(operation, PlainHost.Xml());
        Assert.That((run.Status, run.Output, run.Errors), Is.EqualTo((0, "", "")), host.Log);
        Assert.That(run.Time, Is.LessThan(Limit));
        if (waits)
            host.WaitForWorkers();
    }

    private static void Write(PlainHost host, string text, params string[] commands)
    {
        File.WriteAllText(host.Record, text);
        foreach (var command in commands)
            Shell.Run(command.Split(' ')[0], command.Split(' ')[1], host.Record);
    }

    /// <summary>What is done to a record.</summary>
    internal sealed record Spoiling(string Name, Action<PlainHost> Spoil)
    {
        public override string ToString() => Name;
    }
}
