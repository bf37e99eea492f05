using LibvirtMdevHook.Simulator.Tree;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Simulation;

/// <summary>The dialect of the 2016 proposal.</summary>
[TestFixture]
internal sealed class Rfc2016SimulatorTests
{
    private const string Gpu = "sys/bus/pci/devices/0000:86:00.0";
    private const string OtherGpu = "sys/bus/pci/devices/0000:87:00.0";
    private const string Domain = "11111111-2222-3333-4444-555555555555";
    private const string OtherDomain = "99999999-2222-3333-4444-555555555555";

    [Test]
    public void The_table_is_that_of_the_mail_its_header_in_two_lines()
    {
        using var host = new SimulatedHost("m60-rfc2016.xml");
        Assert.That(host.Read(Gpu + "/mdev_supported_types"), Is.EqualTo("""
            # vgpu_type_id, vgpu_type, max_instance, num_heads, frl_config, framebuffer,
            max_resolution
            11      ,"GRID M60-0B",      16,       2,      45,     512M,    2560x1600
            12      ,"GRID M60-0Q",      16,       2,      60,     512M,    2560x1600
            13      ,"GRID M60-1B",       8,       2,      45,    1024M,    2560x1600
            14      ,"GRID M60-1Q",       8,       2,      60,    1024M,    2560x1600
            15      ,"GRID M60-2B",       4,       2,      45,    2048M,    2560x1600
            16      ,"GRID M60-2Q",       4,       4,      60,    2048M,    2560x1600
            17      ,"GRID M60-4Q",       2,       4,      60,    4096M,    3840x2160
            18      ,"GRID M60-8Q",       1,       4,      60,    8192M,    3840x2160

            """));
    }

    [Test]
    public void A_device_is_made_brought_online_and_offline_and_destroyed()
    {
        using var host = new SimulatedHost("m60-rfc2016.xml");
        var before = host.Tree();
        Assert.That(Create(host, 1), Is.EqualTo(Errno.None));
        Assert.Multiple(() =>
        {
            Assert.That(Shell.Run("ls", host.InRoot(Device(1))).Output, Is.EqualTo("iommu_group\nmdev_type\nonline\nsubsystem\nuevent\n"));
            Assert.That(host.Read(Device(1) + "/online"), Is.EqualTo("0\n"));
            Assert.That(host.Write(Device(1) + "/online", "1"), Is.EqualTo(Errno.None));
            Assert.That(host.Read(Device(1) + "/online"), Is.EqualTo("1\n"));
            Assert.That(host.Write(Gpu + "/mdev_destroy", Uuid(1)), Is.EqualTo(Errno.EBUSY), "destroy of a device that is online");
            Assert.That(host.Write(Device(1) + "/online", "0"), Is.EqualTo(Errno.None));
            Assert.That(host.Write(Gpu + "/mdev_destroy", $"{Uuid(1)}:vgpu_type_id=17,vm_uuid={Domain}"), Is.EqualTo(Errno.None));
            Assert.That(host.Write(Gpu + "/mdev_destroy", Uuid(1)), Is.EqualTo(Errno.EINVAL), "destroy of a device that is not there");
        });
        Assert.That(host.Tree(), Is.EqualTo(before));
    }

    [TestCase("{0}:vgpu_type_id=17,vm_uuid={1}\n", Description = "the newline is part of the last value")]
    [TestCase("{0}:vm_uuid={1},vgpu_type_id=17\n", Description = "the newline is part of the last value")]
    [TestCase("{0}:vgpu_type_id=20,vm_uuid={1}", Description = "the mail's own example: an id that is not in the table")]
    [TestCase("{0}:vgpu_type_id=17")]
    [TestCase("{0}:vm_uuid={1}")]
    [TestCase("{0}:vgpu_type_id=17,vm_uuid=")]
    [TestCase("{0}:vgpu_type_id=17,vm_uuid={1},frl=0")]
    [TestCase("{0}:vgpu_type_id=17,vgpu_type_id=17,vm_uuid={1}")]
    [TestCase("{0}:")]
    [TestCase("{0}")]
    [TestCase("{0}\n")]
    [TestCase("6a2f0d1c00004000800000000000000001:vgpu_type_id=17,vm_uuid={1}")]
    [TestCase("nonsense")]
    public void Create_answers_EINVAL(string text)
    {
        using var host = new SimulatedHost("m60-rfc2016.xml");
        var before = host.Tree();
        var errno = host.Write(Gpu + "/mdev_create", text.Replace("{0}", Uuid(1)).Replace("{1}", Domain));
        Assert.That(errno, Is.EqualTo(Errno.EINVAL));
        Assert.That(host.Tree(), Is.EqualTo(before));
    }

    [Test]
    public void Arguments_come_in_any_order_and_the_uuid_in_any_case()
    {
        using var host = new SimulatedHost("m60-rfc2016.xml");
        var text = $"{Uuid(10).ToUpperInvariant()}:vm_uuid={Domain},vgpu_type_id=17";
        Assert.That(host.Write(Gpu + "/mdev_create", text), Is.EqualTo(Errno.None));
        Assert.That(host.Exists(Device(10)), Is.True, "the folder is lower case");
    }

    [Test]
    public void A_uuid_exists_once_in_the_system()
    {
        using var host = new SimulatedHost("m60-rfc2016.xml");
        Create(host, 1);
        Assert.That(Create(host, 1), Is.EqualTo(Errno.EEXIST));
        Assert.That(Create(host, 1, gpu: OtherGpu), Is.EqualTo(Errno.EEXIST));
    }

    [Test]
    public void A_device_is_destroyed_by_its_own_parent_only()
    {
        using var host = new SimulatedHost("m60-rfc2016.xml");
        Create(host, 1);
        Assert.That(host.Write(OtherGpu + "/mdev_destroy", Uuid(1)), Is.EqualTo(Errno.EINVAL));
        Assert.That(host.Exists(Device(1)), Is.True);
    }

    [Test]
    public void A_GPU_is_full_at_max_instance_and_has_one_framebuffer_size_at_a_time()
    {
        using var host = new SimulatedHost("m60-rfc2016.xml");
        Assert.Multiple(() =>
        {
            Assert.That(Create(host, 1), Is.EqualTo(Errno.None));
            Assert.That(Create(host, 2, type: 16), Is.EqualTo(Errno.ENOSPC), "another size");
            Assert.That(Create(host, 3), Is.EqualTo(Errno.None));
            Assert.That(Create(host, 4), Is.EqualTo(Errno.ENOSPC), "the third of two");
            Assert.That(Create(host, 5, type: 16, gpu: OtherGpu), Is.EqualTo(Errno.None), "another GPU");
            Assert.That(Create(host, 6, type: 15, gpu: OtherGpu), Is.EqualTo(Errno.None), "another type of the same size");
        });
    }

    [Test]
    public void A_host_file_can_name_another_errno_of_full_and_a_table_that_shrinks()
    {
        const string rules = "<rules full='EUSERS' other-size='ENOMEM' table='shrinking'";
        using var host = new SimulatedHost("m60-rfc2016.xml", text => text.Replace("<rules", rules, StringComparison.Ordinal));
        Create(host, 1);
        Create(host, 2);
        Assert.Multiple(() =>
        {
            Assert.That(Create(host, 3), Is.EqualTo(Errno.EUSERS));
            Assert.That(Create(host, 4, type: 18), Is.EqualTo(Errno.ENOMEM));
            Assert.That(host.Read(Gpu + "/mdev_supported_types"), Does.EndWith("""
                max_resolution
                17      ,"GRID M60-4Q",       2,       4,      60,    4096M,    3840x2160

                """));
        });
    }

    [Test]
    public void No_device_can_be_made_for_a_domain_once_one_of_it_is_online()
    {
        using var host = new SimulatedHost("m60-rfc2016.xml");
        Create(host, 1);
        host.Write(Device(1) + "/online", "1");
        Assert.Multiple(() =>
        {
            Assert.That(Create(host, 2), Is.EqualTo(Errno.EPERM));
            Assert.That(Create(host, 2, gpu: OtherGpu), Is.EqualTo(Errno.EPERM));
            Assert.That(Create(host, 2, domain: OtherDomain), Is.EqualTo(Errno.None));
        });
        host.Write(Device(1) + "/online", "0");
        Assert.That(Create(host, 3, gpu: OtherGpu), Is.EqualTo(Errno.None));
    }

    [TestCase("1", Errno.None, "1\n")]
    [TestCase("1\n", Errno.None, "1\n")]
    [TestCase("5", Errno.None, "1\n")]
    [TestCase("0x10", Errno.None, "1\n")]
    [TestCase("0", Errno.None, "0\n")]
    [TestCase("00", Errno.None, "0\n")]
    [TestCase("x", Errno.EINVAL, "0\n")]
    [TestCase("-1", Errno.EINVAL, "0\n")]
    [TestCase("1 ", Errno.EINVAL, "0\n")]
    [TestCase("08", Errno.EINVAL, "0\n")]
    [TestCase("\n", Errno.EINVAL, "0\n")]
    [TestCase("1\n\n", Errno.EINVAL, "0\n")]
    [TestCase("99999999999999999999999", Errno.EINVAL, "0\n")]
    public void Online_takes_numbers(string text, Errno errno, string after)
    {
        using var host = new SimulatedHost("m60-rfc2016.xml");
        Create(host, 1);
        Assert.That(host.Write(Device(1) + "/online", text), Is.EqualTo(errno));
        Assert.That(host.Read(Device(1) + "/online"), Is.EqualTo(after));
    }

    [Test]
    public void A_device_whose_group_is_open_is_not_destroyed()
    {
        using var host = new SimulatedHost("m60-rfc2016.xml");
        Create(host, 1);
        using (new Holder(host.InRoot("dev/vfio/1")))
            Assert.That(host.Write(Gpu + "/mdev_destroy", Uuid(1)), Is.EqualTo(Errno.EBUSY));
        Assert.That(host.Write(Gpu + "/mdev_destroy", Uuid(1) + "\n"), Is.EqualTo(Errno.None));
    }

    [Test]
    public void A_process_that_keeps_others_out_destroys_the_device()
    {
        using var host = new SimulatedHost("m60-rfc2016.xml");
        Create(host, 1);
        using var group = RawFile.Open(host.InRoot("dev/vfio/1"), RawFile.ReadWrite);
        Assert.That(host.Write(Gpu + "/mdev_destroy", Uuid(1)), Is.EqualTo(Errno.None));
        Assert.That(host.Exists("dev/vfio/1"), Is.False);
    }

    [Test]
    public void Without_a_table_the_arguments_are_free()
    {
        using var host = new SimulatedHost("tableless.xml");
        const string parent = "sys/bus/pci/devices/0000:05:00.0";
        Assert.Multiple(() =>
        {
            Assert.That(host.Exists(parent + "/mdev_supported_types"), Is.False);
            Assert.That(host.Write(parent + "/mdev_create", Uuid(1)), Is.EqualTo(Errno.None));
            Assert.That(host.Write(parent + "/mdev_create", Uuid(2) + ":"), Is.EqualTo(Errno.None));
            Assert.That(host.Write(parent + "/mdev_create", Uuid(3) + ":a=1,b"), Is.EqualTo(Errno.None));
            Assert.That(host.Write(parent + "/mdev_create", Uuid(4)), Is.EqualTo(Errno.ENOSPC));
            Assert.That(host.Write(parent + "/mdev_destroy", Uuid(3) + ":a=1,b"), Is.EqualTo(Errno.None));
            Assert.That(host.Write(parent + "/mdev_create", Uuid(4) + "\n"), Is.EqualTo(Errno.None));
        });
    }

    private static string Uuid(int n) => $"6a2f0d1c-0000-4000-8000-{n:x12}";

    private static string Device(int n) => "sys/bus/mdev/devices/" + Uuid(n);

    private static Errno Create(SimulatedHost host, int n, int type = 17, string gpu = Gpu, string domain = Domain) =>
        host.Write(gpu + "/mdev_create", $"{Uuid(n)}:vgpu_type_id={type},vm_uuid={domain}");
}
