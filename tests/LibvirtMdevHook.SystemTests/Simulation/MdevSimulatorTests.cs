using LibvirtMdevHook.Simulator.Tree;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Simulation;

/// <summary>The dialect of the mainline kernel.</summary>
[TestFixture]
internal sealed class MdevSimulatorTests
{
    private const string Gpu = "sys/class/mdev_bus/0000:86:00.0";
    private const string OtherGpu = "sys/class/mdev_bus/0000:87:00.0";

    [Test]
    public void A_type_and_a_device_have_the_files_of_the_kernel()
    {
        using var host = new SimulatedHost("m60-mdev.xml");
        Create(host, 1);
        var tree = host.Tree();
        const string parent = "sys/devices/pci0000:80/0000:80:02.0/0000:86:00.0";
        const string description = "\"num_heads=4, frl_config=60, framebuffer=4096M, max_resolution=5120x2880, max_instance=2\\n\"";
        Assert.That(tree, Does.Contain($"""
            {parent}/mdev_supported_types/nvidia-20/ 755 0:0
            {parent}/mdev_supported_types/nvidia-20/available_instances 444 0:0 "1\n"
            {parent}/mdev_supported_types/nvidia-20/create 200 0:0
            {parent}/mdev_supported_types/nvidia-20/description 444 0:0 {description}
            {parent}/mdev_supported_types/nvidia-20/device_api 444 0:0 "vfio-pci\n"
            {parent}/mdev_supported_types/nvidia-20/devices/ 755 0:0
            {parent}/mdev_supported_types/nvidia-20/devices/{Uuid(1)} -> ../../../{Uuid(1)}
            {parent}/mdev_supported_types/nvidia-20/name 444 0:0 "GRID M60-4Q\n"
            """));
        Assert.That(tree, Does.Contain($"""
            {parent}/{Uuid(1)}/ 755 0:0
            {parent}/{Uuid(1)}/driver -> ../../../../../bus/mdev/drivers/vfio_mdev
            {parent}/{Uuid(1)}/iommu_group -> ../../../../../kernel/iommu_groups/1
            {parent}/{Uuid(1)}/mdev_type -> ../mdev_supported_types/nvidia-20
            {parent}/{Uuid(1)}/nvidia/ 755 0:0
            {parent}/{Uuid(1)}/nvidia/vgpu_params 644 0:0 "\n"
            {parent}/{Uuid(1)}/nvidia/vm_name 444 0:0 "\n"
            {parent}/{Uuid(1)}/remove 200 0:0
            {parent}/{Uuid(1)}/subsystem -> ../../../../../bus/mdev
            {parent}/{Uuid(1)}/uevent 444 0:0 "DRIVER=vfio_mdev\n"
            """));
    }

    [TestCase("6a2f0d1c-0000-4000-8000-00000000000", Errno.EINVAL)]
    [TestCase("6a2f0d1c-0000-4000-8000-000000000001", Errno.None)]
    [TestCase("6A2F0D1C-0000-4000-8000-000000000001", Errno.None)]
    [TestCase("6a2f0d1c-0000-4000-8000-000000000001\n", Errno.None)]
    [TestCase("6a2f0d1c-0000-4000-8000-000000000001x", Errno.None)]
    [TestCase("6a2f0d1c-0000-4000-8000-000000000001\n\n", Errno.EINVAL)]
    [TestCase(" 6a2f0d1c-0000-4000-8000-000000000001", Errno.EINVAL)]
    [TestCase("{6a2f0d1c-0000-4000-8000-000000000001}", Errno.EINVAL)]
    [TestCase("6a2f0d1c000040008000000000000001", Errno.EINVAL)]
    [TestCase("6a2f0d1g-0000-4000-8000-000000000001", Errno.EINVAL)]
    public void Create_takes_36_characters_and_one_more(string text, Errno errno)
    {
        using var host = new SimulatedHost("m60-mdev.xml");
        Assert.That(host.Write(Gpu + "/mdev_supported_types/nvidia-20/create", text), Is.EqualTo(errno));
        Assert.That(host.Exists(Device(1)), Is.EqualTo(errno == Errno.None));
    }

    [Test]
    public void A_write_of_no_bytes_succeeds_and_does_nothing()
    {
        using var host = new SimulatedHost("m60-mdev.xml");
        var before = host.Tree();
        Assert.That(host.Write(Gpu + "/mdev_supported_types/nvidia-20/create", ""), Is.EqualTo(Errno.None));
        Assert.That(host.Tree(), Is.EqualTo(before));
    }

    [Test]
    public void A_uuid_exists_once_whatever_its_case_type_or_parent()
    {
        using var host = new SimulatedHost("m60-mdev.xml");
        Create(host, 10);
        Assert.Multiple(() =>
        {
            Assert.That(Create(host, 10), Is.EqualTo(Errno.EEXIST));
            Assert.That(Create(host, 10, "nvidia-18"), Is.EqualTo(Errno.EEXIST));
            Assert.That(Create(host, 10, gpu: OtherGpu), Is.EqualTo(Errno.EEXIST));
            Assert.That(host.Write(Gpu + "/mdev_supported_types/nvidia-20/create", Uuid(10).ToUpperInvariant()), Is.EqualTo(Errno.EEXIST));
        });
    }

    [Test]
    public void A_type_or_parent_that_is_unknown_is_ENOENT()
    {
        using var host = new SimulatedHost("m60-mdev.xml");
        Assert.That(Create(host, 1, "nvidia-99"), Is.EqualTo(Errno.ENOENT));
        Assert.That(Create(host, 1, gpu: "sys/class/mdev_bus/0000:88:00.0"), Is.EqualTo(Errno.ENOENT));
    }

    [Test]
    public void Instances_count_down_for_the_size_in_use_and_are_0_for_all_others()
    {
        using var host = new SimulatedHost("m60-mdev.xml");
        Assert.That(Available(host, Gpu, "nvidia-18", "nvidia-17", "nvidia-20"), Is.EqualTo("4 4 2"));
        Create(host, 1, "nvidia-18");
        Assert.That(Available(host, Gpu, "nvidia-18", "nvidia-17", "nvidia-20"), Is.EqualTo("3 3 0"));
        Assert.That(Create(host, 2, "nvidia-20"), Is.EqualTo(Errno.EIO), "another size");
        Create(host, 3, "nvidia-17");
        Create(host, 4, "nvidia-18");
        Create(host, 5, "nvidia-18");
        Assert.That(Create(host, 6, "nvidia-18"), Is.EqualTo(Errno.EIO), "the fifth of four");
        Assert.That(Available(host, Gpu, "nvidia-18", "nvidia-17", "nvidia-20"), Is.EqualTo("0 0 0"));
        Assert.That(Create(host, 7, gpu: OtherGpu), Is.EqualTo(Errno.None), "another GPU");
    }

    [Test]
    public void GVT_g_counts_as_a_real_machine_with_the_same_devices_did()
    {
        using var host = new SimulatedHost("gvtg.xml");
        const string gpu = "sys/class/mdev_bus/0000:00:02.0";
        string[] types = ["i915-GVTg_V4_1", "i915-GVTg_V4_2", "i915-GVTg_V4_4", "i915-GVTg_V4_8"];
        Create(host, 1, "i915-GVTg_V4_4", gpu);
        Create(host, 2, "i915-GVTg_V4_8", gpu);
        Assert.Multiple(() =>
        {
            Assert.That(Available(host, gpu, types), Is.EqualTo("0 1 3 4"));
            Assert.That(Create(host, 3, "i915-GVTg_V4_1", gpu), Is.EqualTo(Errno.ENOSPC));
            Assert.That(host.Exists(gpu + "/mdev_supported_types/i915-GVTg_V4_4/name"), Is.False);
            Assert.That(
                host.Read(gpu + "/mdev_supported_types/i915-GVTg_V4_4/description"),
                Is.EqualTo("low_gm_size: 128MB\nhigh_gm_size: 512MB\nfence: 4\nresolution: 1920x1200\nweight: 4\n"));
            Assert.That(host.Read(Device(2) + "/intel_vgpu/vgpu_id"), Is.EqualTo("2\n"));
        });
    }

    [Test]
    public void The_samples_share_ports_devices_and_memory_and_are_no_PCI_devices()
    {
        using var host = new SimulatedHost("samples.xml");
        const string mtty = "sys/class/mdev_bus/mtty", mdpy = "sys/class/mdev_bus/mdpy", mbochs = "sys/class/mdev_bus/mbochs";
        for (var n = 1; n <= 4; n++)
            Create(host, n, "mdpy-vga", mdpy);
        Create(host, 11, "mtty-1", mtty);
        Create(host, 12, "mbochs-large", mbochs);
        Assert.Multiple(() =>
        {
            Assert.That(Create(host, 5, "mdpy-hd", mdpy), Is.EqualTo(Errno.EUSERS));
            Assert.That(Available(host, mtty, "mtty-1", "mtty-2"), Is.EqualTo("23 11"));
            Assert.That(Available(host, mbochs, "mbochs-medium"), Is.EqualTo("12"));
            Assert.That(host.Exists(mtty + "/mdev_supported_types/mtty-1/description"), Is.False);
            Assert.That(host.Read(Device(12) + "/vendor/memory"), Is.EqualTo("64 MB\n"));
            Assert.That(host.Inode("sys/devices/virtual/mtty/mtty"), Is.EqualTo(host.Inode(mtty)));
            Assert.That(host.Exists("sys/bus/pci/devices/mtty"), Is.False);
        });
    }

    [TestCase("0", Errno.None, true)]
    [TestCase("x", Errno.EINVAL, true)]
    [TestCase("-1", Errno.EINVAL, true)]
    [TestCase("1", Errno.None, false)]
    [TestCase("2\n", Errno.None, false)]
    public void Remove_takes_a_number_other_than_0(string text, Errno errno, bool stays)
    {
        using var host = new SimulatedHost("m60-mdev.xml");
        Create(host, 1);
        Assert.That(host.Write(Device(1) + "/remove", text), Is.EqualTo(errno));
        Assert.That(host.Exists(Device(1)), Is.EqualTo(stays));
        Assert.That(host.Write(Device(1) + "/remove", "1"), Is.EqualTo(stays ? Errno.None : Errno.ENOENT));
    }

    [Test]
    public void Vendor_attributes_keep_what_is_written_until_the_device_is_held()
    {
        using var host = new SimulatedHost("m60-mdev.xml");
        Create(host, 1);
        var file = Device(1) + "/nvidia/vgpu_params";
        Assert.Multiple(() =>
        {
            Assert.That(host.Write(file, "frame_rate_limiter=0\n"), Is.EqualTo(Errno.None));
            Assert.That(host.Read(file), Is.EqualTo("frame_rate_limiter=0\n"));
            Assert.That(host.Write(file, new string('x', 1025)), Is.EqualTo(Errno.E2BIG));
        });
        using (RawFile.Open(host.InRoot("dev/vfio/1"), RawFile.ReadWrite))
            Assert.That(host.Write(file, "disable_vnc=1"), Is.EqualTo(Errno.EPERM));
    }

    private static string Uuid(int n) => $"6a2f0d1c-0000-4000-8000-{n:x12}";

    private static string Device(int n) => "sys/bus/mdev/devices/" + Uuid(n);

    private static Errno Create(SimulatedHost host, int n, string type = "nvidia-20", string gpu = Gpu) =>
        host.Write($"{gpu}/mdev_supported_types/{type}/create", Uuid(n));

    private static string Available(SimulatedHost host, string parent, params string[] types) =>
        string.Join(' ', types.Select(type => host.Read($"{parent}/mdev_supported_types/{type}/available_instances").TrimEnd()));
}
