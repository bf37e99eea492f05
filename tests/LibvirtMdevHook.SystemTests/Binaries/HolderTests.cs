using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>A device that a process has open is not removed, and a message names the process.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class HolderTests
{
    [TestCase("m60-rfc2016.xml")]
    [TestCase("m60-mdev.xml")]
    public void A_domain_whose_last_device_is_held_is_refused_with_the_name_of_the_holder(string hostFile)
    {
        using var host = new HookedHost(hostFile, "removal_grace = 0\nprepare_deadline = 5");
        var domain = DeclaringDomain.With("win10", 1, "GRID M60-4Q");
        var device = $"'{domain.Vgpus[0].Uuid}'";
        host.Start(domain);
        using (var holder = new Holder(host.InRoot("dev/vfio/1")))
        {
            // Without a release, as after a crash of libvirtd; then while the worker of the first prepare is busy with it.
            host.Call("prepare", domain).MustBeRefused("'win10'", device, "of an earlier run", "process ", $"{holder}", " holds it");
            host.Stop(domain);
            host.Call("prepare", domain).MustBeRefused("'win10'", device, "still being removed", "process ", $"{holder}", " holds it");
        }

        host.MustBeAsBefore();
    }

    [Test]
    public void A_foreign_device_that_is_held_is_refused_with_the_name_of_the_holder()
    {
        using var host = new HookedHost("m60-mdev.xml");
        var domain = DeclaringDomain.With("win10", 1, "GRID M60-4Q");
        host.Host.Write("sys/class/mdev_bus/0000:86:00.0/mdev_supported_types/nvidia-20/create", $"{domain.Vgpus[0].Uuid}");
        using var holder = new Holder(host.InRoot("dev/vfio/1"));

        host.Call("prepare", domain).MustBeRefused("'win10'", "was not made by this hook", "process ", $"{holder}", " holds it");
    }
}
