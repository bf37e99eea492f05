using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>A prepare waits, within its deadline, for a device that is being removed.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class WaitingTests
{
    [TestCase("m60-rfc2016.xml", "**/mdev_destroy")]
    [TestCase("m60-mdev.xml", "**/remove")]
    public void A_domain_whose_device_is_being_removed_waits_and_is_refused_while_another_starts(string hostFile, string path)
    {
        using var host = new HookedHost(hostFile, "removal_grace = 0\nprepare_deadline = 6");
        var (domain, other) = (DeclaringDomain.With("win10", 1, "GRID M60-4Q"), DeclaringDomain.With("other", 3, "GRID M60-4Q"));
        ReleaseForEver(host, domain, path);

        host.Start(other);
        var refusal = host.Call("prepare", domain)
            .MustBeRefused("'win10'", $"'{domain.Vgpus[0].Uuid}'", "'0000:86:00.0'", "still being removed");

        Assert.That(refusal.Time.TotalSeconds, Is.InRange(5, 7));
        host.Host.Control("clear");
        host.Stop(other);
        host.MustBeAsBefore();
        host.Start(domain);
        host.Stop(domain);
        host.MustBeAsBefore();
    }

    [TestCase("m60-rfc2016.xml", "**/mdev_destroy")]
    [TestCase("m60-mdev.xml", "**/remove")]
    public void A_domain_that_starts_again_waits_for_its_device_to_go(string hostFile, string path)
    {
        using var host = new HookedHost(hostFile, "removal_grace = 0");
        var domain = DeclaringDomain.With("win10", 1, "GRID M60-4Q");
        ReleaseForEver(host, domain, path);

        MustWait(host, domain);

        host.Stop(domain);
        host.MustBeAsBefore();
    }

    [Test]
    public void The_last_instance_is_waited_for_when_it_is_on_its_way_out()
    {
        using var host = new HookedHost("m60-mdev.xml", "removal_grace = 0");
        var second = DeclaringDomain.With("second", 1, "GRID M60-8Q");
        host.Start(DeclaringDomain.With("lasting", 1, "GRID M60-8Q"));
        var before = host.Host.Tree();
        ReleaseForEver(host, DeclaringDomain.With("first", 1, "GRID M60-8Q"), "**/remove");

        MustWait(host, second);

        host.Stop(second);
        host.WaitForWorkers();
        Assert.That(host.Host.Tree(), Is.EqualTo(before));
    }

    /// <summary>Leaves a device whose worker waits for the kernel.</summary>
    private static void ReleaseForEver(HookedHost host, DeclaringDomain domain, string path)
    {
        host.Start(domain);
        host.Host.Control($"fault hang op=write path={path} count=1");
        host.Call("release", domain).MustBeGood();
        Wait.Until(() => host.Host.State().Contains("hangs ", StringComparison.Ordinal), host.Host.State);
    }

    /// <summary>Starts a domain, and ends the removal that is in its way.</summary>
    private static void MustWait(HookedHost host, DeclaringDomain domain)
    {
        var creates = host.Creates.Count;
        var prepare = host.Begin("prepare", domain);
        Wait.Until(() => host.Workers.Count == 2, () => host.Log);
        Assert.That(prepare.HasEnded, Is.False);
        Assert.That(host.Creates, Has.Count.EqualTo(creates));
        host.Host.Control("clear");

        prepare.End().MustBeGood();
        Assert.That(host.Creates, Has.Count.EqualTo(creates + 1));
    }
}
