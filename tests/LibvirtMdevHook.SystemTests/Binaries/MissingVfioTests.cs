using System.Diagnostics;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>Devices that no VFIO driver takes: prepare refuses, names what is missing, and undoes everything.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class MissingVfioTests
{
    private static IEnumerable<TestCaseData> Devices()
    {
        yield return new TestCaseData(new Vgpu("type='GRID M60-4Q'"), "no VFIO driver has taken it").SetArgDisplayNames("rfc2016");
        yield return new TestCaseData(new Vgpu("type='GRID M60-8Q'"), "no VFIO driver has taken it").SetArgDisplayNames("mdev");
        yield return new TestCaseData(Vgpu.Vf("0000:41:00.4", "NVIDIA L40S-4Q"), "VFIO takes a VF only with an IOMMU")
            .SetArgDisplayNames("vf");
    }

    [TestCaseSource(nameof(Devices))]
    public void A_device_without_a_group_and_without_a_cdev_is_refused_and_undone(Vgpu vgpu, string words)
    {
        using var host = Host();
        var domain = new DeclaringDomain("win10", vgpu);

        host.Call("prepare", domain)
            .MustBeRefused("'win10'", $"'{vgpu.Id}'", "it has neither 'iommu_group' nor 'vfio-dev' in sysfs", words);

        host.Stop(domain);
        host.MustBeAsBefore();
    }

    [Test]
    public void Doctor_says_the_same_of_a_device_that_somebody_made()
    {
        using var host = Host();
        var vgpu = new Vgpu("type='GRID M60-8Q'");
        host.Host.Write("sys/class/mdev_bus/0000:86:00.0/mdev_supported_types/nvidia-22/create", $"{vgpu.Uuid}");

        Assert.That(host.VirtMdev("doctor").Output, Does.Contain(
            $"the mediated device '{vgpu.Uuid}' cannot be used: it has neither 'iommu_group' nor 'vfio-dev' in sysfs"));
    }

    [Test]
    public void Several_devices_are_waited_for_together()
    {
        using var host = Host();
        var domain = new DeclaringDomain("win10", new Vgpu("type='GRID M60-4Q'"), new Vgpu("type='GRID M60-8Q'"),
            Vgpu.Vf("0000:41:00.4", "NVIDIA L40S-4Q"));
        var begin = Stopwatch.StartNew();

        host.Call("prepare", domain).MustBeRefused("it has neither 'iommu_group' nor 'vfio-dev' in sysfs");

        Assert.That(begin.Elapsed, Is.LessThan(TimeSpan.FromSeconds(12)));
        host.Stop(domain);
        host.MustBeAsBefore();
    }

    private static HookedHost Host() => new("three-dialects.xml", "removal_grace = 0",
        text => text.Replace("<host>", "<host vfio=\"none\">", StringComparison.Ordinal));
}
