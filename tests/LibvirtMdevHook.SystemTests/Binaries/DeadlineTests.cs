using System.Diagnostics;
using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>libvirtd waits for the hook with the domain locked, so no driver may delay the hook: a worker waits for the kernel.</summary>
[TestFixture]
[NonParallelizable] // Time is measured.
internal sealed class DeadlineTests
{
    [TestCase("m60-rfc2016.xml", "delay=3s")]
    [TestCase("m60-mdev.xml", "delay=3s")]
    [TestCase("m60-rfc2016.xml", "hang")]
    [TestCase("m60-mdev.xml", "hang")]
    public void A_prepare_is_refused_when_its_time_is_over_and_what_comes_later_is_undone(string hostFile, string how)
    {
        using var host = new HookedHost(hostFile, "prepare_deadline = 1");
        host.Host.Control($"fault {how} op=write path=**/*create nth=2");
        var domain = DeclaringDomain.With("win10", 2, "GRID M60-4Q");

        var refusal = host.Call("prepare", domain).MustBeRefused("'win10'", "within 1 s");

        Assert.That(refusal.Time.TotalSeconds, Is.InRange(0.99, 2));
        Assert.That(host.Workers, Has.Count.EqualTo(1), "the worker waits for the kernel");
        host.Stop(domain);
        if (how == "hang")
            host.Host.Control("clear");
        host.MustBeAsBefore();
        Assert.That(host.Creates, Has.Count.EqualTo(2).And.All.EndsWith(" ok"));
    }

    [TestCase("m60-rfc2016.xml", "**/mdev_destroy")]
    [TestCase("m60-rfc2016.xml", "**/online")]
    [TestCase("m60-mdev.xml", "**/remove")]
    public void A_release_returns_though_the_removal_takes_for_ever_and_the_device_goes_when_it_can(string hostFile, string path)
    {
        using var host = new HookedHost(hostFile, "removal_grace = 0");
        var domain = DeclaringDomain.With("win10", 1, "GRID M60-4Q");
        Timing.MustTakeAtMost(TimeSpan.FromSeconds(0.5), () =>
        {
            host.Start(domain);
            host.Host.Control($"fault hang op=write path={path}");
            host.Call("stopped", domain).MustBeGood();

            var release = host.Call("release", domain).MustBeGood();

            Wait.Until(() => host.Host.State().Contains("hangs ", StringComparison.Ordinal), host.Host.State);
            var removing = $"removing/{domain.Vgpus[0].Uuid}";
            Assert.That(host.Kept(), Is.EquivalentTo(new[] { "lock", $"{removing}.lock", $"{removing}.xml" }));
            Assert.That(host.VirtMdev("list").Output, Does.Contain("being removed"));
            host.Host.Control("clear");
            host.MustBeAsBefore();
            return release.Time;
        });
    }

    [TestCase("m60-rfc2016.xml", "mdev_destroy", 0)]
    [TestCase("m60-rfc2016.xml", "mdev_destroy", 1)]
    [TestCase("m60-mdev.xml", "*/remove", 0)]
    [TestCase("m60-mdev.xml", "*/remove", 1)]
    public void A_device_does_not_wait_for_another_that_hangs(string hostFile, string file, int which)
    {
        using var host = new HookedHost(hostFile, "removal_grace = 0");
        var domain = DeclaringDomain.With("win10", 2, "GRID M60-4Q");
        Timing.MustTakeAtMost(TimeSpan.FromSeconds(0.5), () =>
        {
            host.Start(domain);
            host.Host.Control($"fault hang op=write path=**/0000:8{6 + which}:00.0/{file}");
            var begin = Stopwatch.GetTimestamp();

            host.Call("release", domain).MustBeGood();
            Wait.Until(() => !host.Host.Exists(domain.Vgpus[1 - which].Path), host.Host.State);

            var time = Stopwatch.GetElapsedTime(begin);
            host.Host.Control("clear");
            host.MustBeAsBefore();
            return time;
        });
    }

    [TestCase("m60-rfc2016.xml")]
    [TestCase("m60-mdev.xml")]
    public void A_release_returns_though_a_process_holds_the_device_and_it_goes_when_it_is_let_go(string hostFile)
    {
        using var host = new HookedHost(hostFile, "removal_grace = 0");
        var domain = DeclaringDomain.With("win10", 1, "GRID M60-4Q");
        Timing.MustTakeAtMost(TimeSpan.FromSeconds(0.5), () =>
        {
            host.Start(domain);
            HookRun release;
            using (var holder = new Holder(host.NodeOf(domain.Vgpus[0])))
            {
                release = host.Call("release", domain).MustBeGood();
                Wait.Until(() => File.Exists(host.Removal(domain.Vgpus[0])), () => host.Log);
                Assert.That(host.VirtMdev("list").Output, Does.Contain("being removed, held by process ").And.Contain($"{holder}"));
                Assert.That(host.Host.Exists(domain.Vgpus[0].Path), Is.True);
            }

            host.MustBeAsBefore();
            return release.Time;
        });
    }

    [TestCase("m60-rfc2016.xml", "**/mdev_destroy")]
    [TestCase("m60-mdev.xml", "**/remove")]
    public void No_terminal_waits_for_a_removal_that_takes_for_ever(string hostFile, string path)
    {
        using var host = new HookedHost(hostFile, "removal_grace = 0");
        var domain = DeclaringDomain.With("win10", 1, "GRID M60-4Q");
        host.Start(domain);
        using (new Holder(host.NodeOf(domain.Vgpus[0])))
        {
            host.Stop(domain);
            Shell.Run("kill", ["-KILL", .. host.Workers.Select(worker => $"{worker}")]);
            host.WaitForWorkers();
        }

        host.Host.Control($"fault hang op=write path={path}");
        var begin = Stopwatch.GetTimestamp();

        var reconcile = host.VirtMdev("reconcile", "--apply");

        // The worker goes on for ten seconds at most.
        Assert.That(Stopwatch.GetElapsedTime(begin).TotalSeconds, Is.LessThan(20));
        Assert.That(reconcile.Status, Is.EqualTo(1), reconcile.Errors);
        Assert.That(reconcile.Output, Does.Contain("whose removal was broken off; left alone: the kernel"));
        host.Host.Control("clear");
        Wait.Until(() => !host.Host.Exists(domain.Vgpus[0].Path), host.Host.State);
        Assert.That(host.VirtMdev("reconcile", "--apply").Status, Is.Zero);
        host.MustBeAsBefore();
    }
}
