using LibvirtMdevHook.Simulator.Tree;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Simulation;

/// <summary>The simulated VFs answer as NVIDIA's driver does.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class VfSimulatorTests
{
    private const string Vfs = "sys/bus/pci/devices/0000:41:0";
    private const string Pf = "sys/bus/pci/devices/0000:41:00.0";
    private const string First = Vfs + "0.4/nvidia/";
    private const string Second = Vfs + "0.5/nvidia/";
    private const string Header = "ID    : vGPU Name\n";

    [Test]
    public void VFs_lie_beside_their_PF_and_links_lead_both_ways()
    {
        using var host = new SimulatedHost("l40s-vf.xml");
        Assert.Multiple(() =>
        {
            Assert.That(host.Inode(Pf + "/virtfn5"), Is.EqualTo(host.Inode(Vfs + "1.1")));
            Assert.That(host.Inode(Vfs + "1.1/physfn"), Is.EqualTo(host.Inode(Pf)));
            Assert.That(host.Read(Pf + "/sriov_numvfs"), Is.EqualTo("6\n"));
            Assert.That(host.Write(Pf + "/sriov_numvfs", "0"), Is.EqualTo(Errno.EPERM), "only sriov-manage may");
            Assert.That(host.Read("sys/bus/pci/devices/0000:61:00.0/sriov_numvfs"), Is.EqualTo("0\n"));
            Assert.That(host.Exists(Pf + "/nvidia"), Is.False);
            Assert.That(host.Read("sys/bus/pci/drivers/nvidia/module/version"), Is.EqualTo("570.124.03\n"));
        });
    }

    [Test]
    public void A_number_is_set_once_and_cleared_once()
    {
        using var host = new SimulatedHost("l40s-vf.xml");
        Assert.That(new[] { "0", "7", "x", "1150\n", "1150", "1147", "0", "0" }
            .Select(number => host.Write(First + "current_vgpu_type", number)), Is.EqualTo(new[]
        {
            Errno.EPERM, Errno.EINVAL, Errno.EINVAL, Errno.None, Errno.EPERM, Errno.EPERM, Errno.None, Errno.EPERM,
        }));
    }

    [Test]
    public void A_list_shrinks_with_the_siblings_and_is_empty_on_a_VF_that_has_a_type()
    {
        using var host = new SimulatedHost("l40s-vf.xml");
        Assert.That(host.Read(First + "creatable_vgpu_types").Split('\n'), Has.Length.EqualTo(8));
        host.Write(First + "current_vgpu_type", "1155");
        Assert.That(host.Read(First + "creatable_vgpu_types"), Is.EqualTo(Header));
        Assert.That(host.Read(Second + "creatable_vgpu_types"), Is.EqualTo(Header + "1155  : NVIDIA L40S-24Q\n"));
        Assert.That(host.Write(Second + "current_vgpu_type", "1150"), Is.EqualTo(Errno.EIO));
        Assert.That(host.Write(Second + "current_vgpu_type", "1155"), Is.EqualTo(Errno.None));
        Assert.That(host.Read(Vfs + "0.6/nvidia/creatable_vgpu_types"), Is.EqualTo(Header));
        Assert.That(host.Write(Vfs + "0.6/nvidia/current_vgpu_type", "1155"), Is.EqualTo(Errno.EIO));
    }

    [Test]
    public void A_held_VF_is_not_cleared_nor_is_one_that_was_held_until_just_now()
    {
        using var host = new SimulatedHost("l40s-vf.xml",
            text => text.Replace("<rules", "<rules leaving=\"600ms\" clear-held=\"EBUSY\"", StringComparison.Ordinal));
        host.Write(First + "current_vgpu_type", "1150");
        var group = host.InRoot("dev/vfio/" + Path.GetFileName(new DirectoryInfo(host.InRoot(Vfs + "0.4/iommu_group")).LinkTarget));
        using (new Holder(group))
            Assert.That(host.Write(First + "current_vgpu_type", "0"), Is.EqualTo(Errno.EBUSY));
        Wait.Until(() => host.State().Contains("leaving", StringComparison.Ordinal), host.State);
        Assert.That(host.Write(First + "current_vgpu_type", "0"), Is.EqualTo(Errno.EBUSY));
        using (RawFile.Open(group, RawFile.ReadWrite))
            Wait.Until(() => host.Write(First + "current_vgpu_type", "0") == Errno.None, host.State);
    }

    [Test]
    public void VFs_that_are_enabled_anew_are_others_without_a_type()
    {
        using var host = new SimulatedHost("l40s-vf.xml");
        host.Write(First + "current_vgpu_type", "1150");
        var inode = host.Inode(Vfs + "0.4");
        host.Control("disable-vfs 0000:41:00.0");
        Assert.That(host.Exists(Vfs + "0.4"), Is.False);
        Assert.That(host.Exists(Pf + "/virtfn0"), Is.False);
        host.Control("enable-vfs 0000:41:00.0");
        Assert.That(host.Inode(Vfs + "0.4"), Is.Not.EqualTo(inode));
        Assert.That(host.Read(First + "current_vgpu_type"), Is.EqualTo("0\n"));
    }
}
