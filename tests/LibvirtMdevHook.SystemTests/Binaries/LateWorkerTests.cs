using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>
/// A worker acts for one call of libvirt. One that comes late, when its hook has given up and the domain has begun another life, finds
/// nothing to do.
/// </summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class LateWorkerTests
{
    private const string Configuration = "removal_grace = 0\n";

    private readonly DeclaringDomain _domain = DeclaringDomain.With("win10", 1, "GRID M60-4Q");

    [Test]
    public void A_release_that_comes_late_leaves_the_next_life_alone()
    {
        using var late = new LatePrograms();
        using var host = Host(late);
        host.Start(_domain);
        host.Call("stopped", _domain).MustBeGood();
        CallLate(host, "release").MustBeGood();

        MustNotTouchTheNextLife(late, host, "prepare", "start", "started");
    }

    /// <summary>The hook cannot tell the two lives apart: the next one has a record, too, when it is called.</summary>
    [TestCase("stopped", new[] { "prepare", "start", "started" })]
    [TestCase("started", new[] { "prepare", "start" })]
    [TestCase("attach", new[] { "prepare", "start" })]
    [TestCase("reconnect", new[] { "prepare", "start" })]
    public void A_note_that_comes_late_is_not_of_the_next_life(string operation, string[] next)
    {
        using var late = new LatePrograms();
        using var host = Host(late);
        host.Start(_domain);
        CallLate(host, operation).MustBeGood();
        host.Stop(_domain);

        MustNotTouchTheNextLife(late, host, next);
    }

    [TestCase(false)]
    [TestCase(true)]
    public void A_prepare_that_comes_late_leaves_the_next_life_alone(bool isHeld)
    {
        using var late = new LatePrograms();
        using var host = Host(late);
        CallLate(host, "prepare").MustBeRefused("within 0.5 s");
        host.Stop(_domain);
        host.Start(_domain);
        using (isHeld ? new Holder(host.NodeOf(_domain.Vgpus[0])) : null)
        {
            var before = Look(host);

            late.Open(host);

            host.WaitForWorkers();
            Assert.That(Look(host), Is.EqualTo(before), host.LastOfLog);
        }

        Assert.That(host.Log, Does.Contain("prepare of domain 'win10': refused: domain 'win10': libvirtd no longer waits for this call"));
        host.Stop(_domain);
        host.MustBeAsBefore();
    }

    [Test]
    public void A_prepare_that_comes_late_keeps_what_was_reserved_since()
    {
        using var late = new LatePrograms();
        using var host = Host(late);
        CallLate(host, "prepare").MustBeRefused("within 0.5 s");
        host.Call("migrate", _domain).MustBeGood();
        var reservation = File.ReadAllText(host.Reservation(_domain));

        late.Open(host);

        host.WaitForWorkers();
        Assert.That(File.ReadAllText(host.Reservation(_domain)), Is.EqualTo(reservation), host.LastOfLog);
        Assert.That(host.Creates, Is.Empty);
    }

    [Test]
    public void A_start_that_comes_late_is_not_of_the_next_life()
    {
        using var late = new LatePrograms();
        using var host = Host(late);
        host.Call("prepare", _domain).MustBeGood();
        CallLate(host, "start").MustBeRefused("'win10'");
        host.Stop(_domain);

        MustNotTouchTheNextLife(late, host, "prepare");
    }

    [TestCase("migrate")]
    [TestCase("restore")]
    public void What_comes_late_leaves_a_younger_reservation_as_it_is(string operation)
    {
        using var late = new LatePrograms();
        using var host = Host(late);
        CallLate(host, operation);
        host.Call(operation, _domain).MustBeGood();
        var reservation = File.ReadAllText(host.Reservation(_domain));

        late.Open(host);

        host.WaitForWorkers();
        Assert.That(File.ReadAllText(host.Reservation(_domain)), Is.EqualTo(reservation), host.LastOfLog);
    }

    /// <summary>libvirtd is killed and its hook is not: it goes on waiting, while another libvirtd starts the domain.</summary>
    [Test]
    public void A_prepare_whose_hook_still_waits_takes_no_younger_record_down()
    {
        using var late = new LatePrograms();
        using var host = Host(late);
        LatePrograms.HoldNextWorker(host);
        var first = host.Begin("prepare", _domain);
        LatePrograms.MustHold(host);
        host.Start(_domain);
        WaitUntilStarted(host);
        var before = Look(host);

        late.Open(host);

        first.End().MustBeRefused("'win10'", "libvirt has begun another start of it since this call");
        Assert.That(Look(host), Is.EqualTo(before), host.LastOfLog);
        host.Stop(_domain);
        host.MustBeAsBefore();
    }

    [TestCase("migrate")]
    [TestCase("prepare")]
    public void A_migrate_whose_hook_still_waits_reserves_nothing_where_the_domain_has_come(string next)
    {
        using var late = new LatePrograms();
        using var host = Host(late);
        LatePrograms.HoldNextWorker(host);
        var first = host.Begin("migrate", _domain);
        LatePrograms.MustHold(host);
        host.Call(next, _domain).MustBeGood();
        var kept = host.Kept();

        late.Open(host);

        first.End().MustBeRefused("'win10'", "libvirt has begun another start or arrival of it since this call");
        host.WaitForWorkers();
        Assert.That(host.Kept(), Is.EqualTo(kept), host.LastOfLog);
    }

    /// <summary>Its record is of the earlier call, however late it was planned.</summary>
    [Test]
    public void A_prepare_takes_down_what_an_earlier_call_planned_after_it_was_called()
    {
        using var host = new HookedHost("m60-mdev.xml", "removal_grace = 0");
        host.Start(_domain);
        host.Stop(_domain);
        host.MustBeAsBefore();
        using var busy = Shell.Start("flock", host.InRoot("run/libvirt-mdev/lock"), "sh", "-c", "echo locked; exec sleep infinity");
        Assert.That(busy.StandardOutput.ReadLine(), Is.EqualTo("locked"));
        var first = host.Begin("prepare", _domain);
        Wait.Until(() => host.Kept().Contains($"domains/{_domain.Uuid}.lock"), host.LastOfLog);
        var second = host.Begin("prepare", _domain);
        Wait.Until(() => host.Workers.Count == 2, host.LastOfLog);

        busy.Kill(entireProcessTree: true);

        first.End().MustBeGood();
        second.End().MustBeGood();
        host.Call("start", _domain).MustBeGood();
        host.Stop(_domain);
        host.MustBeAsBefore();
    }

    private void MustNotTouchTheNextLife(LatePrograms late, HookedHost host, params string[] operations)
    {
        foreach (var operation in operations)
            host.Call(operation, _domain).MustBeGood(operation);
        if (operations.Contains("started"))
            WaitUntilStarted(host);
        var before = Look(host);

        late.Open(host);

        host.WaitForWorkers();
        Assert.That(Look(host), Is.EqualTo(before), host.LastOfLog);
        host.Stop(_domain);
        host.MustBeAsBefore();
    }

    /// <summary>libvirt does not wait until the phase is noted.</summary>
    private void WaitUntilStarted(HookedHost host) =>
        Wait.Until(() => File.ReadAllText(host.Record(_domain)).Contains("phase=\"started\"", StringComparison.Ordinal), host.LastOfLog);

    /// <summary>What the domain has: its record and the devices.</summary>
    private string Look(HookedHost host) =>
        $"{(File.Exists(host.Record(_domain)) ? File.ReadAllText(host.Record(_domain)) : "no record")}\n{host.Host.Tree()}";

    /// <summary>Calls the hook, which gives up soon, since its worker does nothing yet.</summary>
    private HookRun CallLate(HookedHost host, string operation)
    {
        LatePrograms.HoldNextWorker(host);
        var file = host.InRoot("etc/libvirt/mdev-hook.conf");
        File.WriteAllText(file, Configuration + "prepare_deadline = 0.5\nstart_deadline = 0.5\nmigrate_deadline = 0.5\n");
        var run = host.Call(operation, _domain);
        File.WriteAllText(file, Configuration);
        LatePrograms.MustHold(host);
        return run;
    }

    private static HookedHost Host(LatePrograms late) => new("m60-mdev.xml", Configuration) { Program = late.Hook };
}
