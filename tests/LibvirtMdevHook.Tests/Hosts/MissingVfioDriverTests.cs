using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using NUnit.Framework;

namespace LibvirtMdevHook.Tests.Hosts;

/// <summary>A device that no VFIO driver has taken: what is missing depends on the kernel and on the device.</summary>
internal sealed class MissingVfioDriverTests
{
    private const string Device = $"sys/bus/mdev/devices/{DomainText.First}";

    [TestCase("5.4.0-150-generic", "the module 'vfio_mdev' is not loaded; run 'modprobe vfio_mdev'")]
    [TestCase("5.13.19", "the module 'vfio_mdev' is not loaded; run 'modprobe vfio_mdev'")]
    [TestCase("5.14.0-503.el9.x86_64", "which is up to the driver of its parent; the kernel's log may say why")]
    [TestCase("6.12.43+deb13-amd64", "which is up to the driver of its parent; the kernel's log may say why")]
    public void A_mediated_device_without_a_driver_needs_a_module_of_its_own_before_Linux_5_14(string release, string words)
    {
        using var tree = new TreeOfText($"proc/sys/kernel/osrelease = {release}\\n\n{Device}/power/");

        Assert.That(Said(tree, DomainText.First),
            Does.StartWith("it has neither 'iommu_group' nor 'vfio-dev' in sysfs").And.Contain(words));
    }

    [Test]
    public void A_module_that_is_loaded_is_not_asked_for()
    {
        using var tree = new TreeOfText($"proc/sys/kernel/osrelease = 5.4.0-150-generic\\n\nsys/module/vfio_mdev/\n{Device}/power/");

        Assert.That(Said(tree, DomainText.First), Does.Contain("no VFIO driver has taken it").And.Not.Contain("modprobe"));
    }

    [Test]
    public void A_driver_that_has_taken_the_device_is_named()
    {
        using var tree = new TreeOfText($"{Device}/driver -> ../../../drivers/vfio_mdev");

        Assert.That(Said(tree, DomainText.First), Does.Contain("its driver 'vfio_mdev' has not made it a VFIO device"));
    }

    [Test]
    public void A_VF_needs_an_IOMMU()
    {
        using var tree = new TreeOfText("sys/bus/pci/devices/0000:41:00.4/driver -> ../../drivers/nvidia");

        Assert.That(Said(tree, "0000:41:00.4"), Does.Contain("VFIO takes a VF only with an IOMMU; "));
    }

    private static string Said(TreeOfText tree, string name)
    {
        Assert.That(DeviceId.TryParse(name, out var device));
        return $"{MissingVfioDriver.Of(tree.Root, device!)}";
    }
}
