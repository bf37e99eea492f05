using System.Diagnostics;
using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>
/// Whichever process dies, and whatever libvirt calls twice or not at all: the next start is a clean one, and nothing is left.
/// </summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class CrashTests
{
    /// <summary>A host file, and a write in the middle of a prepare of two devices.</summary>
    private static readonly object[] Moments =
    [
        new object[] { "m60-rfc2016.xml", "**/mdev_create nth=1" },
        new object[] { "m60-rfc2016.xml", "**/mdev_create nth=2" },
        new object[] { "m60-rfc2016.xml", "**/online nth=1" },
        new object[] { "m60-rfc2016.xml", "**/online nth=2" },
        new object[] { "m60-mdev.xml", "**/create nth=1" },
        new object[] { "m60-mdev.xml", "**/create nth=2" },
    ];

    private readonly DeclaringDomain _domain = DeclaringDomain.With("win10", 2, "GRID M60-4Q");

    [TestCaseSource(nameof(Moments))]
    public void Hook_and_worker_are_killed(string hostFile, string moment)
    {
        using var host = new HookedHost(hostFile, "removal_grace = 0");
        var prepare = Interrupt(host, moment);
        prepare.Kill();
        KillWorker(host);
        host.Host.Control("clear");

        MustStartAnew(host);
    }

    [TestCaseSource(nameof(Moments))]
    public void The_hook_is_killed_and_its_worker_undoes_what_it_did(string hostFile, string moment)
    {
        using var host = new HookedHost(hostFile, "removal_grace = 0");
        var prepare = Interrupt(host, moment);
        prepare.Kill();
        host.Host.Control("clear");

        host.MustBeAsBefore();
        MustStartAnew(host);
    }

    [TestCaseSource(nameof(Moments))]
    public void The_worker_is_killed_and_the_release_that_follows_the_refusal_undoes_what_it_did(string hostFile, string moment)
    {
        using var host = new HookedHost(hostFile, "removal_grace = 0");
        var prepare = Interrupt(host, moment);
        KillWorker(host);
        host.Host.Control("clear");

        prepare.End().MustBeRefused("'win10'", "the worker ended without an answer");
        host.Stop(_domain);

        host.MustBeAsBefore();
        MustStartAnew(host);
    }

    [TestCase("m60-rfc2016.xml")]
    [TestCase("m60-mdev.xml")]
    public void Nobody_calls_the_hook_any_more_after_the_answer(string hostFile)
    {
        using var host = new HookedHost(hostFile, "removal_grace = 0");
        host.Call("prepare", _domain).MustBeGood();
        var inode = host.Host.Inode(_domain.Vgpus[0].Path);

        MustStartAnew(host, () => Assert.That(host.Host.Inode(_domain.Vgpus[0].Path), Is.Not.EqualTo(inode), "the device is a new one"));
    }

    [TestCase("m60-rfc2016.xml")]
    [TestCase("m60-mdev.xml")]
    public void The_removing_worker_is_killed_and_the_next_start_goes_on_for_it(string hostFile)
    {
        using var host = new HookedHost(hostFile, "removal_grace = 0");
        host.Start(_domain);
        using (new Holder(host.InRoot("dev/vfio/1")))
        {
            host.Call("release", _domain).MustBeGood();
            KillWorker(host);
            Wait.Until(() => host.Workers.Count == 0, () => "the worker lives on.");
        }

        Assert.That(host.Host.Exists(_domain.Vgpus[0].Path), Is.True);
        MustStartAnew(host);
    }

    [TestCase("m60-rfc2016.xml")]
    [TestCase("m60-mdev.xml")]
    public void What_a_killed_worker_left_is_removed_by_the_start_of_another_domain(string hostFile)
    {
        using var host = new HookedHost(hostFile, "removal_grace = 0");
        host.Start(_domain);
        using (new Holder(host.InRoot("dev/vfio/1")))
        {
            host.Call("release", _domain).MustBeGood();
            KillWorker(host);
            Wait.Until(() => host.Workers.Count == 0, () => "the worker lives on.");
        }

        var other = DeclaringDomain.With("other", 4, "GRID M60-4Q");
        host.Start(other);
        host.Stop(other);
        host.MustBeAsBefore();
    }

    [TestCase("m60-rfc2016.xml")]
    [TestCase("m60-mdev.xml")]
    public void Prepare_twice_in_a_row_ends_as_one_run(string hostFile)
    {
        using var host = new HookedHost(hostFile, "removal_grace = 0");
        host.Call("prepare", _domain).MustBeGood();
        host.Call("prepare", _domain).MustBeGood();

        Assert.That(host.Kept(), Is.EqualTo(new[] { $"domains/{_domain.Uuid}.lock", $"domains/{_domain.Uuid}.xml", "lock" }));
        host.Call("start", _domain).MustBeGood();
        host.Call("start", _domain).MustBeGood();
        host.Stop(_domain);
        host.Stop(_domain);
        host.MustBeAsBefore();
    }

    [Test]
    public void Release_twice_at_once_removes_once()
    {
        using var host = new HookedHost("m60-rfc2016.xml");
        host.Start(_domain);

        var both = new[] { host.Begin("release", _domain), host.Begin("release", _domain) };
        foreach (var release in both)
            release.End().MustBeGood();
        host.MustBeAsBefore();
        Assert.That(host.Writes.Count(w => w.Contains("destroy", StringComparison.Ordinal)), Is.EqualTo(2));
    }

    [Test]
    public void Release_without_prepare_does_nothing()
    {
        using var host = new HookedHost("m60-rfc2016.xml");

        host.Stop(_domain);

        Assert.That(host.Host.Log(), Is.Empty);
        host.MustBeAsBefore();
    }

    [Test]
    public void Release_without_start_removes_without_waiting_for_a_driver()
    {
        using var host = new HookedHost("m60-mdev.xml");
        host.Call("prepare", _domain).MustBeGood();

        var begin = Stopwatch.GetTimestamp();
        host.Stop(_domain);
        host.MustBeAsBefore();

        Assert.That(Stopwatch.GetElapsedTime(begin), Is.LessThan(TimeSpan.FromSeconds(10)), "the time that a driver is given");
    }

    /// <summary>A prepare at the moment of a write that the kernel has not answered yet.</summary>
    private HookProcess Interrupt(HookedHost host, string moment)
    {
        host.Host.Control($"fault hang op=write path={moment} count=1");
        var prepare = host.Begin("prepare", _domain);
        host.Host.WaitForLog(line => line.StartsWith("begin write", StringComparison.Ordinal));
        return prepare;
    }

    private void MustStartAnew(HookedHost host, Action? started = null)
    {
        host.Start(_domain);
        var devices = host.Host.State().Split('\n').Where(line => line.StartsWith("device ", StringComparison.Ordinal));
        Assert.That(devices.ToArray(), Has.Length.EqualTo(2));
        started?.Invoke();
        host.Stop(_domain);
        host.MustBeAsBefore();
    }

    private static void KillWorker(HookedHost host)
    {
        Assert.That(host.Workers, Has.Count.EqualTo(1));
        Shell.Run("kill", "-KILL", $"{host.Workers[0]}");
    }
}
