using System.Diagnostics;
using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>NVIDIA's drivers of the 14 and 15 series remove a device themselves when its VM ends; the hook must not be quicker.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class SelfRemovalTests
{
    [Test]
    public void A_driver_that_removes_its_device_itself_is_left_to_it()
    {
        using var host = new HookedHost(
            "m60-mdev.xml", "", text => text.Replace("<rules", "<rules self-remove=\"3s\"", StringComparison.Ordinal));
        var domain = DeclaringDomain.With("win10", 1, "GRID M60-4Q");
        host.Start(domain);
        new Holder(host.InRoot("dev/vfio/1")).Dispose();

        host.Stop(domain);
        Assert.That(host.Host.Exists(domain.Vgpus[0].Path), Is.True, "the driver takes its time");

        host.MustBeAsBefore();
        Assert.That(host.Writes, Has.Count.EqualTo(1), "only the create");
        Assert.That(host.Log, Does.Contain($"found removed already '{domain.Vgpus[0].Uuid}'"));
    }

    [TestCase("m60-mdev.xml", "GRID M60-4Q", 4)]
    [TestCase("gvtg.xml", "i915-GVTg_V4_4", 0)]
    [TestCase("m60-rfc2016.xml", "GRID M60-4Q", 0)]
    public void A_driver_that_does_not_is_waited_for_only_where_it_might(string hostFile, string type, int seconds)
    {
        using var host = new HookedHost(hostFile, "removal_grace = 4");
        var domain = DeclaringDomain.With("win10", 1, type);
        host.Start(domain);
        var begin = Stopwatch.GetTimestamp();

        host.Call("release", domain).MustBeGood();
        Wait.Until(() => !host.Host.Exists(domain.Vgpus[0].Path), () => host.Log);

        Assert.That(Stopwatch.GetElapsedTime(begin).TotalSeconds, Is.InRange(seconds, seconds + 3.9));
        Assert.That(host.Writes[^1], Does.Match("(remove|mdev_destroy) .* ok$"));
        host.MustBeAsBefore();
    }
}
