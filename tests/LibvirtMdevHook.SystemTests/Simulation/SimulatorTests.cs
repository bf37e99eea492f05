using LibvirtMdevHook.Simulator.Tree;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Simulation;

/// <summary>How the simulated tree behaves like sysfs, whatever the dialect.</summary>
[TestFixture]
internal sealed class SimulatorTests
{
    private const string Gpu = "sys/bus/pci/devices/0000:86:00.0";
    private const string Type = Gpu + "/mdev_supported_types/nvidia-18";
    private const string Uuid = "6a2f0d1c-0000-4000-8000-000000000001";
    private const string Device = "sys/bus/mdev/devices/" + Uuid;

    [Test]
    public void A_mode_is_enforced_for_root_too()
    {
        using var host = new SimulatedHost("m60-mdev.xml");
        Assert.Multiple(() =>
        {
            Assert.That(RawFile.TryOpen(host.InRoot(Type + "/create"), RawFile.ReadOnly, out _), Is.EqualTo(Errno.EACCES));
            Assert.That(RawFile.TryOpen(host.InRoot(Type + "/create"), RawFile.ReadWrite, out _), Is.EqualTo(Errno.EACCES));
            Assert.That(host.Write(Type + "/name", "GRID M60-1Q"), Is.EqualTo(Errno.EACCES));
            Assert.That(host.Write(Gpu + "/vendor", "0x8086"), Is.EqualTo(Errno.EACCES));
        });
    }

    [Test]
    public void Nothing_can_be_made_or_deleted()
    {
        using var host = new SimulatedHost("m60-mdev.xml");
        var before = host.Tree();
        Assert.Multiple(() =>
        {
            Assert.That(Shell.Run("sh", "-c", $"> {host.InRoot(Type)}/file").Output, Does.Contain("Permission denied"));
            Assert.That(Shell.Run("mkdir", host.InRoot(Type + "/folder")).Output, Does.Contain("Operation not permitted"));
            Assert.That(Shell.Run("rm", "-rf", host.InRoot(Type)).Output, Does.Contain("Operation not permitted"));
            Assert.That(host.Tree(), Is.EqualTo(before));
        });
    }

    [Test]
    public void A_device_is_reached_by_every_link_of_sysfs()
    {
        using var host = new SimulatedHost("m60-mdev.xml");
        Assert.That(host.Write(Type + "/create", Uuid), Is.EqualTo(Errno.None));
        const string folder = "sys/devices/pci0000:80/0000:80:02.0/0000:86:00.0/" + Uuid;
        string[] ways =
        [
            Device, Gpu + "/" + Uuid, Type + "/devices/" + Uuid, "sys/class/mdev_bus/0000:86:00.0/" + Uuid,
            "sys/kernel/iommu_groups/1/devices/" + Uuid, "sys/bus/pci/drivers/nvidia/0000:86:00.0/" + Uuid,
        ];
        Assert.Multiple(() =>
        {
            Assert.That(ways.Select(host.Inode), Is.All.EqualTo(host.Inode(folder)));
            Assert.That(host.Inode(Device + "/mdev_type"), Is.EqualTo(host.Inode(Type)));
            Assert.That(host.Inode(Device + "/iommu_group"), Is.EqualTo(host.Inode("sys/kernel/iommu_groups/1")));
            Assert.That(host.Inode(Device + "/subsystem"), Is.EqualTo(host.Inode("sys/bus/mdev")));
            Assert.That(host.Tree(), Does.Contain($"{folder}/mdev_type -> ../mdev_supported_types/nvidia-18\n"));
        });
    }

    [Test]
    public void A_device_made_again_has_another_inode_and_another_group()
    {
        using var host = new SimulatedHost("m60-mdev.xml");
        host.Write(Type + "/create", Uuid);
        var first = host.Inode(Device);
        Assert.That(host.Inode(Device), Is.EqualTo(first), "the inode of a device that stays");
        host.Write(Device + "/remove", "1");
        host.Write(Type + "/create", Uuid);
        Assert.Multiple(() =>
        {
            Assert.That(host.Inode(Device), Is.Not.EqualTo(first));
            Assert.That(host.Exists("dev/vfio/1"), Is.False);
            Assert.That(host.Exists("dev/vfio/2"), Is.True);
        });
    }

    [Test]
    public void A_descriptor_of_a_device_that_went_answers_ENODEV_though_there_is_one_of_its_name_again()
    {
        using var host = new SimulatedHost("m60-mdev.xml");
        host.Write(Type + "/create", Uuid);
        using var remove = RawFile.Open(host.InRoot(Device + "/remove"), RawFile.WriteOnly);
        using var uevent = RawFile.Open(host.InRoot(Device + "/uevent"), RawFile.ReadOnly);
        host.Write(Device + "/remove", "1");
        host.Write(Type + "/create", Uuid);
        Assert.Multiple(() =>
        {
            Assert.That(remove.Write("1"), Is.EqualTo(Errno.ENODEV));
            Assert.That(uevent.Read(out _), Is.EqualTo(Errno.ENODEV));
            Assert.That(host.Exists(Device), Is.True);
        });
    }

    [Test]
    public void Group_0_is_always_there_and_the_tree_is_as_before_when_a_device_has_gone()
    {
        using var host = new SimulatedHost("m60-mdev.xml");
        var before = host.Tree();
        Assert.That(before, Does.Contain("sys/kernel/iommu_groups/0/devices/"));
        host.Write(Type + "/create", Uuid);
        Assert.That(host.Tree(), Is.Not.EqualTo(before).And.Contains($"sys/bus/mdev/devices/{Uuid} -> "));
        host.Write(Device + "/remove", "1");
        Assert.That(host.Tree(), Is.EqualTo(before));
    }

    [Test]
    public void A_node_in_dev_vfio_is_roots_takes_an_owner_and_opens_once()
    {
        using var host = new SimulatedHost("m60-mdev.xml");
        host.Write(Type + "/create", Uuid);
        Assert.That(host.Tree(), Does.Contain("dev/vfio/1 600 0:0"));
        Assert.That(Shell.Run("chown", "64055:108", host.InRoot("dev/vfio/1")).Status, Is.Zero);
        Assert.That(Shell.Run("chmod", "0660", host.InRoot("dev/vfio/1")).Status, Is.Zero);
        Assert.That(host.Tree(), Does.Contain("dev/vfio/1 660 64055:108"));
        using (RawFile.Open(host.InRoot("dev/vfio/1"), RawFile.ReadWrite))
        using (RawFile.Open(host.InRoot("dev/vfio/vfio"), RawFile.ReadWrite))
        {
            Assert.That(RawFile.TryOpen(host.InRoot("dev/vfio/1"), RawFile.ReadWrite, out _), Is.EqualTo(Errno.EBUSY));
            Assert.That(RawFile.TryOpen(host.InRoot("dev/vfio/vfio"), RawFile.ReadWrite, out var again), Is.EqualTo(Errno.None));
            again!.Dispose();
        }

        Assert.That(RawFile.TryOpen(host.InRoot("dev/vfio/1"), RawFile.ReadWrite, out var last), Is.EqualTo(Errno.None));
        last!.Dispose();
    }

    [Test]
    public void Each_write_is_a_line_of_the_log_in_its_order_with_path_data_and_result()
    {
        using var host = new SimulatedHost("m60-mdev.xml");
        host.Write(Type + "/create", Uuid + "\n");
        host.Write(Type + "/create", "no \"uuid\"\t\\");
        host.Write(Device + "/nvidia/vgpu_params", "frame_rate_limiter=0");
        host.Write(Device + "/remove", "1");
        const string parent = "sys/devices/pci0000:80/0000:80:02.0/0000:86:00.0";
        Assert.That(host.Log(), Is.EqualTo(new[]
        {
            $"write {parent}/mdev_supported_types/nvidia-18/create \"{Uuid}\\n\" ok",
            $"write {parent}/mdev_supported_types/nvidia-18/create \"no \\\"uuid\\\"\\x09\\\\\" EINVAL",
            $"write {parent}/{Uuid}/nvidia/vgpu_params \"frame_rate_limiter=0\" ok",
            $"write {parent}/{Uuid}/remove \"1\" ok",
        }));
    }

    [Test]
    public void The_driver_takes_its_devices_and_its_types_along_and_brings_only_the_types_back()
    {
        using var host = new SimulatedHost("m60-mdev.xml");
        var before = host.Tree();
        host.Write(Type + "/create", Uuid);
        host.Control("unregister 0000:86:00.0");
        Assert.Multiple(() =>
        {
            Assert.That(host.Exists(Device), Is.False);
            Assert.That(host.Exists(Gpu + "/mdev_supported_types"), Is.False);
            Assert.That(host.Exists("sys/class/mdev_bus/0000:86:00.0"), Is.False);
            Assert.That(host.Exists("sys/class/mdev_bus/0000:87:00.0"), Is.True);
            Assert.That(host.Exists(Gpu + "/vendor"), Is.True);
        });
        host.Control("register 0000:86:00.0");
        Assert.That(host.Tree(), Is.EqualTo(before));
    }

    [Test]
    public void A_device_can_vanish_as_when_its_driver_is_reloaded()
    {
        using var host = new SimulatedHost("m60-mdev.xml");
        var before = host.Tree();
        host.Write(Type + "/create", Uuid);
        host.Control("vanish " + Uuid);
        Assert.That(host.Tree(), Is.EqualTo(before));
    }

    [Test]
    public void Control_shows_parents_devices_and_faults()
    {
        using var host = new SimulatedHost("m60-mdev.xml");
        host.Write(Type + "/create", Uuid);
        host.Control("fault errno=EIO op=write path=**/remove nth=2 count=1");
        using (RawFile.Open(host.InRoot("dev/vfio/1"), RawFile.ReadWrite))
        {
            Assert.That(host.State(), Is.EqualTo($"""
                parent 0000:86:00.0 mdev registered devices=1
                parent 0000:87:00.0 mdev registered devices=0
                device {Uuid} parent=0000:86:00.0 type=nvidia-18 group=1 online=0 held
                groups 1
                fault errno=EIO op=write path=**/remove nth=2 count=1 seen=0

                """));
        }
    }

    [TestCase("fail everything", "'fail everything' is no command")]
    [TestCase("vanish 7a2f0d1c-0000-4000-8000-000000000001", "No device")]
    [TestCase("register x", "expected one of '0000:86:00.0', '0000:87:00.0'")]
    [TestCase("fault op=write path=**", "Nothing is to go wrong")]
    [TestCase("fault errno=EIO path=**", "'op' and 'path' are needed")]
    [TestCase("fault errno=EWHAT op=write path=**", "'errno=EWHAT'")]
    [TestCase("fault delay=3 op=write path=**", "'delay=3'")]
    [TestCase("fault errno=EIO op=open path=** user=root", "'user=root'")]
    [TestCase("fault ignore op=read path=**", "expected 'op=write'")]
    [TestCase("fault errno=EIO op=write path=sys/bus/**", "only links")]
    public void Control_explains_what_it_does_not_understand(string line, string sentence)
    {
        using var host = new SimulatedHost("m60-mdev.xml");
        var before = host.Tree();
        Assert.That(() => host.Control(line), Throws.ArgumentException.With.Message.Contains(sentence));
        Assert.That(host.Tree(), Is.EqualTo(before));
    }

    [Test]
    public void Folders_can_be_kept_as_mount_points()
    {
        using var host = new SimulatedHost("m60-mdev.xml", null, "fs/cgroup", "devices/system");
        Assert.That(Directory.GetFileSystemEntries(host.InRoot("sys/fs/cgroup")), Is.Empty);
        Assert.That(Directory.GetFileSystemEntries(host.InRoot("sys/devices/system")), Is.Empty);
    }
}
