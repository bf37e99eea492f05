using System.Runtime.InteropServices;
using LibvirtMdevHook.Doctor;
using LibvirtMdevHook.Hosts;
using NUnit.Framework;
using static LibvirtMdevHook.Tests.VfText;

namespace LibvirtMdevHook.Tests.Doctor;

/// <summary>What doctor finds about VFIO: it depends on the kernel, on the machine and on the parents.</summary>
internal sealed class VfioCheckTests
{
    private const string Container = "dev/vfio/vfio =\n";
    private const string Groups = "sys/kernel/iommu_groups/7/\n";

    private static readonly string Vfs = Gpu("0000:41", (0, Idle));

    [Test]
    public void A_container_and_groups_are_well() =>
        Assert.That(Said(Container + Groups + Vfs), Is.EqualTo("Well: VFIO is there, and IOMMU groups are"));

    [Test]
    public void Iommufd_will_do_without_a_container_for_VFs_that_ask_for_it() =>
        Assert.That(Said("dev/iommu =\nsys/class/vfio/\n" + Groups + Vfs), Does.StartWith(
            "Hint: there is no '/dev/vfio/vfio', so libvirt can give a VF to QEMU from version 12.1 on only, and by iommufd: "
            + "run 'modprobe vfio-pci', ").And.EndsWith(", or write <driver iommufd='yes'/> into each <hostdev type='pci'>"));

    [TestCase("sys/class/vfio/\n", Description = "the module that makes the container is gone")]
    [TestCase("", Description = "VFIO is not loaded, which tells nothing about the kernel")]
    public void A_mediated_device_needs_the_container(string loaded) =>
        Assert.That(Said("dev/iommu =\n" + Groups + loaded, "m60-mdev"), Does.StartWith(
            "Wrong: there is no '/dev/vfio/vfio', without which libvirt starts no domain with a mediated device: run 'modprobe vfio-pci'"));

    [Test]
    public void Without_nodes_of_groups_VFs_need_iommufd_in_their_hostdevs() =>
        Assert.That(Said("dev/iommu =\ndev/vfio/devices/vfio3 =\n" + Groups + Vfs), Does.StartWith(
            "Hint: this kernel has no nodes of VFIO groups, so libvirt can give a VF to QEMU from version 12.1 on only, and by iommufd: "
            + "write <driver iommufd='yes'/> into each <hostdev type='pci'>"));

    [TestCase("mtty")]
    [TestCase("m60-rfc2016")]
    [TestCase("s390")]
    public void Without_nodes_of_groups_no_mediated_device_starts(string host) =>
        Assert.That(Said("dev/iommu =\ndev/vfio/devices/vfio3 =\n", host), Does.Contain(
            "Wrong: this kernel has no nodes of VFIO groups, without which libvirt starts no domain with a mediated device: "
            + "boot a kernel with CONFIG_VFIO_GROUP=y").And.Not.Contain("Hint"));

    [TestCase(Architecture.X64, "run 'modprobe vfio-pci'")]
    [TestCase(Architecture.Arm64, "run 'modprobe vfio-pci'")]
    [TestCase(Architecture.S390x, "run 'modprobe vfio_ap' and 'modprobe vfio_ccw', and put 'vfio_ap' and 'vfio_ccw' into")]
    public void The_module_is_that_of_the_machine(Architecture architecture, string words) =>
        Assert.That(Said(Groups, "", architecture),
            Does.StartWith("Wrong: there is neither '/dev/vfio/vfio' nor '/dev/iommu'").And.Contain(words));

    [TestCase("matrix", "'modprobe vfio_ap', and")]
    [TestCase("0.0.0023", "'modprobe vfio_ccw', and")]
    public void An_IBM_Z_is_told_by_its_parents_and_needs_no_IOMMU(string parent, string words)
    {
        using var tree = TreeOfText.Of("s390");
        File.Delete(tree.PathOf($"sys/class/mdev_bus/{(parent == "matrix" ? "0.0.0023" : "matrix")}"));

        Assert.That(Said(tree, Architecture.X64), Does.Contain(words).And.Not.Contain("IOMMU").And.Not.Contain("vfio-pci"));
    }

    [Test]
    public void An_IBM_Z_with_its_module_is_well() =>
        Assert.That(Said(Container, "s390"), Is.EqualTo("Well: VFIO is there"));

    [TestCase(Architecture.X64, "VT-d, AMD-Vi")]
    [TestCase(Architecture.Arm64, "enable the SMMU in the firmware, which has to list it in ACPI's table IORT")]
    public void The_IOMMU_is_that_of_the_machine(Architecture architecture, string words) =>
        Assert.That(Said(Container + Vfs, "", architecture), Does.StartWith("Wrong: there are no IOMMU groups").And.Contain(words));

    [TestCase("5.10.0-30-amd64", "the module 'vfio_mdev' is not loaded: run 'modprobe vfio_mdev'")]
    [TestCase("6.1.0-40-amd64", "which is up to the driver of its parent: the kernel's log may say why")]
    public void A_mediated_device_that_no_VFIO_driver_has_taken_is_named(string release, string words)
    {
        using var tree = TreeOfText.Of("m60-mdev");
        tree.Add($"{Container}{Groups}proc/sys/kernel/osrelease = {release}\\n");
        File.Delete(tree.PathOf("sys/devices/pci0000:3c/0000:3e:00.0/aaaaaaaa-0000-4000-8000-000000000001/iommu_group"));

        Assert.That(Said(tree, Architecture.X64), Does.StartWith(
            "Wrong: the mediated device 'aaaaaaaa-0000-4000-8000-000000000001' cannot be used: it has neither 'iommu_group' nor 'vfio-dev'")
            .And.Contain(words).And.Not.Contain("\n"));
    }

    private static string Said(string lines, string host = "", Architecture architecture = Architecture.X64)
    {
        using var tree = host.Length > 0 ? TreeOfText.Of(host) : new TreeOfText("");
        tree.Add(lines);
        return Said(tree, architecture);
    }

    private static string Said(TreeOfText tree, Architecture architecture)
    {
        var findings = VfioCheck.Of(Vfio.Read(tree.Root), HostReader.ReadAll(tree.Root), architecture);
        return string.Join('\n', findings.Select(f => $"{f.Severity}: {f.What}{(f.Remedy is null ? "" : $": {f.Remedy}")}"));
    }
}
