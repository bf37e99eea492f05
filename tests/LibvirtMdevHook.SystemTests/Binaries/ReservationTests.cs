using System.Text.RegularExpressions;
using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>
/// Between migrate and prepare the devices of a domain are reserved, though none of them exists. A prepare need not follow, above all not
/// after an offline migration.
/// </summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ReservationTests
{
    private readonly DeclaringDomain _first = DeclaringDomain.With("first", 1, "GRID M60-8Q");
    private readonly DeclaringDomain _second = DeclaringDomain.With("second", 1, "GRID M60-8Q");
    private readonly DeclaringDomain _third = DeclaringDomain.With("third", 1, "GRID M60-8Q");

    [TestCase("m60-rfc2016.xml")]
    [TestCase("m60-mdev.xml")]
    public void Of_eight_domains_that_come_at_once_four_get_the_four_instances(string hostFile)
    {
        using var host = new HookedHost(hostFile, "removal_grace = 0");
        var domains = Enumerable.Range(1, 8).Select(n => DeclaringDomain.With($"domain{n}", 1, "GRID M60-4Q")).ToArray();

        var runs = domains.Select(domain => host.Begin("migrate", domain)).ToArray().Select(migrate => migrate.End()).ToArray();

        var coming = domains.Zip(runs).Where(pair => pair.Second.Status == 0).Select(pair => pair.First).ToArray();
        Assert.That(coming, Has.Length.EqualTo(4));
        foreach (var run in runs.Where(run => run.Status != 0))
            run.MustBeRefused("'0000:86:00.0'", "'0000:87:00.0'", "no instance");
        foreach (var domain in coming)
            host.Start(domain);
        foreach (var domain in coming)
            host.Stop(domain);
        host.MustBeAsBefore();
    }

    [Test]
    public void Two_domains_that_come_with_the_same_uuid_get_two()
    {
        using var host = new HookedHost("m60-mdev.xml");
        var clone = _second with { Vgpus = [_second.Vgpus[0] with { Uuid = _first.Vgpus[0].Uuid }] };
        host.Call("migrate", _first).MustBeGood();

        Assert.That(host.Call("migrate", clone).MustBeRewritten(), Does.Not.Contain($"{_first.Vgpus[0].Uuid}"));
    }

    [Test]
    public void A_start_does_not_take_what_is_reserved_for_another_domain()
    {
        using var host = new HookedHost("m60-mdev.xml", "removal_grace = 0");
        host.Call("migrate", _first).MustBeGood();
        host.Start(_second);

        host.Call("prepare", _third).MustBeRefused("no parent fits");

        host.Start(_first);
        host.Stop(_first);
        host.Stop(_second);
        host.MustBeAsBefore();
    }

    [Test]
    public void What_was_reserved_for_a_domain_that_does_not_come_is_free_again()
    {
        using var host = new HookedHost("m60-mdev.xml", "removal_grace = 0");
        host.Call("migrate", _first).MustBeGood();
        host.Call("migrate", _second).MustBeGood();
        host.Call("migrate", _third).MustBeRefused("no parent fits");

        Expire(host, _first);
        host.Call("migrate", _third).MustBeGood();

        Assert.That(host.Kept(), Is.EquivalentTo(new[] { "lock", $"reserved/{_second.Uuid}.xml", $"reserved/{_third.Uuid}.xml" }));
        Expire(host, _second);
        host.Start(_third);
        host.Stop(_third);
        host.MustBeAsBefore();
    }

    [Test]
    public void It_lasts_for_a_minute()
    {
        using var host = new HookedHost("m60-mdev.xml");
        var earliest = Environment.TickCount64 + 60_000;
        host.Call("migrate", _first).MustBeGood();

        var expires = long.Parse(Expires().Match(File.ReadAllText(host.Reservation(_first))).Groups[1].Value, null);

        Assert.That(expires, Is.InRange(earliest, Environment.TickCount64 + 60_000));
        Assert.That(host.VirtMdev("list").Output,
            Does.Contain(_first.Vgpus[0].Uuid.ToString()).And.Contain("reserved for a domain that may be coming here"));
    }

    [Test]
    public void The_next_call_for_the_same_domain_replaces_it()
    {
        using var host = new HookedHost("m60-mdev.xml");
        host.Call("migrate", _first).MustBeGood();
        host.Call("migrate", _first).MustBeGood();

        host.Call("migrate", _second).MustBeGood();
        host.Call("migrate", _third).MustBeRefused("no parent fits");
    }

    [Test]
    public void It_ends_with_a_prepare_that_is_refused()
    {
        using var host = new HookedHost("m60-mdev.xml");
        host.Call("migrate", _first).MustBeGood();
        host.Host.Control("fault errno=EIO op=write path=**/create");

        host.Call("prepare", _first).MustBeRefused("EIO");

        host.MustBeAsBefore();
    }

    [Test]
    public void It_ends_with_a_prepare_that_has_no_plan()
    {
        using var host = new HookedHost("m60-mdev.xml");
        host.Call("migrate", _first).MustBeGood();
        File.WriteAllText(host.InRoot("etc/libvirt/mdev-hook.conf"), "excluded_parents = [\"0000:86:00.0\", \"0000:87:00.0\"]\n");

        host.Call("prepare", _first).MustBeRefused("excluded");

        host.MustBeAsBefore();
    }

    [Test]
    public void It_is_given_up_when_the_hook_is_killed_before_it_has_the_answer()
    {
        using var host = new HookedHost("m60-mdev.xml");
        var migrate = Interrupt(host);
        migrate.Kill();
        host.Host.Control("clear");

        host.MustBeAsBefore();
        host.Call("migrate", _first).MustBeGood();
    }

    [Test]
    public void A_worker_that_is_killed_refuses_the_domain_and_holds_up_no_other()
    {
        using var host = new HookedHost("m60-mdev.xml");
        var migrate = Interrupt(host);
        Shell.Run("kill", "-KILL", $"{host.Workers.Single()}");
        host.Host.Control("clear");

        migrate.End().MustBeRefused("'first'", "the worker ended without an answer");

        host.MustBeAsBefore();
        host.Call("migrate", _first).MustBeGood();
    }

    /// <summary>A migrate whose worker reads the host and has no answer yet.</summary>
    private HookProcess Interrupt(HookedHost host)
    {
        host.Host.Control("fault hang op=read path=**/available_instances");
        var migrate = host.Begin("migrate", _first);
        host.Host.WaitForLog(line => line.StartsWith("begin read", StringComparison.Ordinal));
        return migrate;
    }

    /// <summary>Makes a reservation expire.</summary>
    private static void Expire(HookedHost host, DeclaringDomain domain)
    {
        var file = host.Reservation(domain);
        File.WriteAllText(file, Expires().Replace(File.ReadAllText(file), "expires=\"1\""));
    }

    private static Regex Expires() => new("expires=\"([0-9]+)\"");
}
