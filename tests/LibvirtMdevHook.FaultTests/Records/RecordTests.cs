using System.Text;
using LibvirtMdevHook.FaultTests.Hostile;
using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.FaultTests.Records;

/// <summary>
/// A record that is not ours, not whole, or not of this boot: in every operation the device that it names stays as it is, a line says why,
/// and no process waits. The record itself is moved by prepare and by 'reconcile --apply' alone.
/// </summary>
[TestFixture]
[Parallelizable(ParallelScope.Self)]
internal sealed class RecordTests
{
    private static readonly string[] Operations =
    [
        "prepare", "start", "started", "stopped", "release", "reconnect", "attach", "migrate", "reconcile", "reconcile --apply", "list",
    ];

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
    public void A_record_that_is_not_trusted_is_never_acted_on(Spoiling way)
    {
        var tally = new Tally($"records: {way}") { Of = Operations.Length };
        foreach (var operation in Operations)
            tally.Try(operation, () => MustNotBeActedOn(operation, way.Spoil));
        tally.Conclude();
    }

    [Test]
    public void A_torn_record_is_never_acted_on_wherever_it_is_torn()
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
                () => MustNotBeActedOn(operation, host => File.WriteAllText(host.Record, host.RecordText()[..cut])));
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
                Assert.That(Run(host, operation), Does.Not.Contain("the record '"));
                Assert.That(host.Sys(), Is.EqualTo(before));
                Assert.That(Directory.Exists(host.In($"{PlainHost.State}/set-aside")), Is.False, host.Log);
            });
        }

        tally.Conclude();
    }

    [Test]
    public void A_record_of_a_newer_version_stays_as_it_is()
    {
        // Where nothing uses its devices, 'reconcile --apply' moves it.
        var operations = Operations.Where(operation => operation != "reconcile --apply").ToArray();
        var tally = new Tally("records: of a newer version") { Of = operations.Length };
        foreach (var operation in operations)
            tally.Try(operation, () => NewerMustStay(operation));
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

    private static void MustNotBeActedOn(string operation, Action<PlainHost> spoil)
    {
        using var host = Prepared(spoil);
        var (sys, place) = (host.Sys(), Place(host));
        var output = Run(host, operation);
        Assert.That(host.Sys(), Is.EqualTo(sys), host.Log);
        var isMoved = operation is "prepare" or "reconcile --apply";
        Assert.That(Directory.Exists(host.In($"{PlainHost.State}/set-aside")), Is.EqualTo(isMoved), host.Log);
        if (!isMoved)
            Assert.That(Place(host), Is.EqualTo(place));
        // The hook does not start a worker for a domain that has no record.
        var isSeen = IsVerb(operation) || operation is "prepare" or "migrate" || CanBeOpened(host);
        if (isSeen)
            Assert.That(output + host.Log, Does.Contain($"the record '{host.Record}' is not "));
    }

    private static void NewerMustStay(string operation)
    {
        using var host = Prepared(h => File.WriteAllText(h.Record, h.RecordText(version: "2")));
        var (sys, place) = (host.Sys(), Place(host));
        if (IsVerb(operation))
            host.VirtMdev(operation);
        else if (operation is "prepare" or "migrate")
            host.Call(operation, PlainHost.Xml()).MustBeRefused("domain 'win10': the record '", "record version 2");
        else
            host.Call(operation, PlainHost.Xml()).MustBeGood(host.Log);
        host.WaitForWorkers();
        Assert.That((host.Sys(), Place(host)), Is.EqualTo((sys, place)), host.Log);
    }

    private static bool IsVerb(string operation) => operation.StartsWith("reconcile", StringComparison.Ordinal) || operation == "list";

    /// <summary>What lies in the record's place: another file has another number.</summary>
    private static string Place(PlainHost host) => Shell.Run("stat", "-c", "%i %F %s %Y", host.Record).Output;

    /// <summary>To the hook, a dangling link is no record.</summary>
    private static bool CanBeOpened(PlainHost host) => Shell.Run("test", "-e", host.Record).Status == 0;

    private static PlainHost Prepared(Action<PlainHost> spoil)
    {
        var host = new PlainHost();
        host.MakeState();
        spoil(host);
        return host;
    }

    /// <returns>What a verb prints.</returns>
    private static string Run(PlainHost host, string operation, bool waits = true)
    {
        if (IsVerb(operation))
        {
            // virsh is not called: no record counts.
            var outcome = host.VirtMdev(operation.Split(' '));
            Assert.That(outcome.Status, Is.Zero, outcome.Errors);
            Assert.That(outcome.Output, Does.Not.Contain("win10").Or.Contain("not to be trusted"));
            return outcome.Output + outcome.Errors;
        }

        // Its device is foreign then: it fits, is used, and is left as it is.
        var run = host.Call(operation, PlainHost.Xml());
        Assert.That((run.Status, run.Output, run.Errors), Is.EqualTo((0, "", "")), host.Log);
        Assert.That(run.Time, Is.LessThan(Limit));
        if (waits)
            host.WaitForWorkers();
        return "";
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
