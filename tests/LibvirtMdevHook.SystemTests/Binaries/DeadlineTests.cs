using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>libvirtd waits with the domain locked, so no driver may keep the hook: what the kernel does not answer, a worker waits for.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class DeadlineTests
{
    private static readonly TimeSpan Release = TimeSpan.FromSeconds(0.5);

    [TestCase("m60-rfc2016.xml", "delay=3s")]
    [TestCase("m60-mdev.xml", "delay=3s")]
    [TestCase("m60-rfc2016.xml", "hang")]
    [TestCase("m60-mdev.xml", "hang")]
    [NonParallelizable]
    public void A_prepare_is_refused_when_its_time_is_over_and_what_comes_later_is_undone(string hostFile, string how)
    {
        using var host = new HookedHost(hostFile, "prepare_deadline = 1");
        host.Host.Control($"fault {how} op=write path=**/*create nth=2");
        var domain = DeclaringDomain.With("win10", 2, "GRID M60-4Q");

        var refusal = host.Call("prepare", domain).IsRefused("'win10'", "within 1 s");

        Assert.That(refusal.Time.TotalSeconds, Is.InRange(0.9, 1.4));
        Assert.That(host.Workers, Has.Count.EqualTo(1), "the worker waits for the kernel");
        host.Stop(domain);
        if (how == "hang")
        {
            host.Host.Control("clear");
        }

        host.IsAsBefore();
        Assert.That(host.Writes.Where(w => w.Contains("create", StringComparison.Ordinal)).ToArray(), Has.Length.EqualTo(2).And.All.EndsWith(" ok"));
    }

    [TestCase("m60-rfc2016.xml", "**/mdev_destroy")]
    [TestCase("m60-rfc2016.xml", "**/online")]
    [TestCase("m60-mdev.xml", "**/remove")]
    [NonParallelizable]
    public void A_release_returns_though_the_removal_takes_for_ever_and_the_device_goes_when_it_can(string hostFile, string path)
    {
        using var host = new HookedHost(hostFile, "removal_grace = 0");
        var domain = DeclaringDomain.With("win10", 1, "GRID M60-4Q");
        host.Start(domain);
        host.Host.Control($"fault hang op=write path={path}");
        host.Call("stopped", domain).IsGood();

        var release = host.Call("release", domain).IsGood();

        Assert.That(release.Time, Is.LessThan(Release));
        Assert.That(host.Kept(), Is.EquivalentTo(new[] { "lock", $"removing/{domain.Vgpus[0].Uuid}.lock", $"removing/{domain.Vgpus[0].Uuid}.xml" }));
        Assert.That(host.VirtMdev("list").Output, Does.Contain("being removed"));
        host.Host.Control("clear");
        host.IsAsBefore();
    }

    [TestCase("m60-rfc2016.xml", "mdev_destroy", 0)]
    [TestCase("m60-rfc2016.xml", "mdev_destroy", 1)]
    [TestCase("m60-mdev.xml", "*/remove", 0)]
    [TestCase("m60-mdev.xml", "*/remove", 1)]
    [NonParallelizable]
    public void A_device_does_not_wait_for_another_that_hangs(string hostFile, string file, int which)
    {
        using var host = new HookedHost(hostFile, "removal_grace = 0");
        var domain = DeclaringDomain.With("win10", 2, "GRID M60-4Q");
        host.Start(domain);
        host.Host.Control($"fault hang op=write path=**/0000:8{6 + which}:00.0/{file}");

        var release = host.Call("release", domain).IsGood();

        Assert.That(release.Time, Is.LessThan(Release));
        Assert.That(host.Host.Exists(domain.Vgpus[1 - which].Path), Is.False, "the other device when the hook is back");
        host.Host.Control("clear");
        host.IsAsBefore();
    }

    [TestCase("m60-rfc2016.xml", "**/mdev_destroy")]
    [TestCase("m60-mdev.xml", "**/remove")]
    [NonParallelizable]
    public void A_domain_whose_device_is_being_removed_waits_and_is_refused_while_another_starts(string hostFile, string path)
    {
        using var host = new HookedHost(hostFile, "removal_grace = 0\nprepare_deadline = 1");
        var (domain, other) = (DeclaringDomain.With("win10", 1, "GRID M60-4Q"), DeclaringDomain.With("other", 3, "GRID M60-4Q"));
        host.Start(domain);
        host.Host.Control($"fault hang op=write path={path} count=1");
        host.Call("release", domain).IsGood();

        host.Start(other);
        var refusal = host.Call("prepare", domain).IsRefused("'win10'", $"'{domain.Vgpus[0].Uuid}'", "'0000:86:00.0'", "still being removed");

        Assert.That(refusal.Time.TotalSeconds, Is.InRange(0.8, 1.4));
        host.Host.Control("clear");
        host.Stop(other);
        host.IsAsBefore();
        host.Start(domain);
        host.Stop(domain);
        host.IsAsBefore();
    }

    [TestCase("m60-rfc2016.xml", "**/mdev_destroy")]
    [TestCase("m60-mdev.xml", "**/remove")]
    public void A_domain_that_starts_again_waits_for_its_device_to_go(string hostFile, string path)
    {
        using var host = new HookedHost(hostFile, "removal_grace = 0");
        var domain = DeclaringDomain.With("win10", 1, "GRID M60-4Q");
        host.Start(domain);
        host.Host.Control($"fault delay=2s op=write path={path} count=1");
        host.Call("release", domain).IsGood();
        var inode = host.Host.Inode(domain.Vgpus[0].Path);

        var prepare = host.Call("prepare", domain).IsGood();

        Assert.That(prepare.Time.TotalSeconds, Is.InRange(1, 3.5));
        Assert.That(host.Host.Inode(domain.Vgpus[0].Path), Is.Not.EqualTo(inode), "the device is a new one");
        host.Stop(domain);
        host.IsAsBefore();
    }

    [Test]
    public void The_last_instance_is_waited_for_when_it_is_on_its_way_out()
    {
        using var host = new HookedHost("m60-mdev.xml", "removal_grace = 0");
        var (first, second) = (DeclaringDomain.With("first", 2, "GRID M60-8Q"), DeclaringDomain.With("second", 1, "GRID M60-8Q"));
        host.Start(first);
        host.Host.Control("fault delay=1500ms op=write path=**/remove");
        host.Call("release", first).IsGood();

        var prepare = host.Call("prepare", second).IsGood();

        Assert.That(prepare.Time.TotalSeconds, Is.InRange(0.5, 3));
        host.Host.Control("clear");
        host.Stop(second);
        host.IsAsBefore();
    }

    [TestCase("m60-rfc2016.xml")]
    [TestCase("m60-mdev.xml")]
    [NonParallelizable]
    public void A_release_returns_though_a_process_holds_the_device_and_it_goes_when_it_is_let_go(string hostFile)
    {
        using var host = new HookedHost(hostFile, "removal_grace = 0");
        var domain = DeclaringDomain.With("win10", 1, "GRID M60-4Q");
        host.Start(domain);
        using (var holder = new Holder(host.InRoot("dev/vfio/1")))
        {
            var release = host.Call("release", domain).IsGood();

            Assert.That(release.Time, Is.LessThan(Release));
            Assert.That(host.VirtMdev("list").Output, Does.Contain($"being removed, held by {holder}\n"));
            Assert.That(host.Host.Exists(domain.Vgpus[0].Path), Is.True);
        }

        host.IsAsBefore();
    }

    [TestCase("m60-rfc2016.xml")]
    [TestCase("m60-mdev.xml")]
    public void A_domain_whose_last_device_is_held_is_refused_with_the_name_of_the_holder(string hostFile)
    {
        using var host = new HookedHost(hostFile, "removal_grace = 0\nprepare_deadline = 2");
        var domain = DeclaringDomain.With("win10", 1, "GRID M60-4Q");
        host.Start(domain);
        using (var holder = new Holder(host.InRoot("dev/vfio/1")))
        {
            // Without a release: as after a crash of libvirtd. Then with the worker of the first prepare at it.
            host.Call("prepare", domain).IsRefused("'win10'", $"'{domain.Vgpus[0].Uuid}'", $"{holder} holds it");
            host.Stop(domain);
            host.Call("prepare", domain).IsRefused("'win10'", $"'{domain.Vgpus[0].Uuid}'", $"{holder} holds it");
        }

        host.IsAsBefore();
    }
}
