using System.Diagnostics;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using NUnit.Framework;

namespace LibvirtMdevHook.Tests.Hosts;

/// <summary>A read of a GPU has a limit, and while it goes on nobody else reads that GPU.</summary>
[TestFixture]
internal sealed class GpuReadTests
{
    private static readonly SysfsName Gpu = SysfsName.Parse("0000:86:00.0");
    private static readonly SysfsName OtherGpu = SysfsName.Parse("0000:87:00.0");

    private string _folder = "";

    private Root Root => new(_folder);

    [SetUp]
    public void MakeRoot()
    {
        _folder = Directory.CreateTempSubdirectory("mdev-silent-").FullName;
        File.CreateSymbolicLink(Path.Combine(_folder, "proc"), "/proc");
        Directory.CreateDirectory(Path.Combine(_folder, "run"));
    }

    [TearDown]
    public void DeleteRoot() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void A_read_that_does_not_end_is_noted_and_costs_its_time_once()
    {
        using var answer = new ManualResetEventSlim();
        var begin = Stopwatch.StartNew();
        Assert.That(() => GpuRead.Of(Root, Gpu, () => Answer(answer)),
            Throws.InstanceOf<HostException>().With.Message.Contains($"'{Gpu}'"));
        Assert.That(begin.Elapsed, Is.GreaterThanOrEqualTo(GpuRead.Limit));
        Assert.That(SilentGpu.Find(Root, Gpu)?.Pid, Is.EqualTo(Environment.ProcessId));

        begin.Restart();
        Assert.That(() => GpuRead.Of(Root, Gpu, () => "it reads"), Throws.InstanceOf<HostException>());
        Assert.That(GpuRead.Of(Root, OtherGpu, () => "it reads"), Is.EqualTo("it reads"));
        Assert.That(begin.Elapsed, Is.LessThan(GpuRead.Limit));

        answer.Set();
        Assert.That(Deadline.After(TimeSpan.FromSeconds(10)).Wait(() => SilentGpu.Find(Root, Gpu) is null), "the note goes with the read");
        Assert.That(GpuRead.Of(Root, Gpu, () => "it reads"), Is.EqualTo("it reads"));
    }

    [Test]
    public void The_note_of_a_process_that_has_ended_means_nothing_and_is_deleted()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, "run/libvirt-mdev/silent")).FullName;
        File.WriteAllText(Path.Combine(folder, $"{Gpu}.4711"), "/sys/devices/pci0000:80/0000:86:00.0/mdev_supported_types");

        Assert.That(SilentGpu.Find(Root, Gpu), Is.Null);
        SilentGpu.DeleteDebris(Root);

        Assert.That(Directory.EnumerateFiles(folder), Is.Empty);
    }

    [Test]
    public void What_a_read_throws_comes_to_its_caller() =>
        Assert.That(() => GpuRead.Of<string>(Root, Gpu, () => throw new HostException("it", Errno.EIO)),
            Throws.InstanceOf<HostException>().With.Property(nameof(HostException.Error)).EqualTo(Errno.EIO));

    [TestCase("devices/pci0000:40/0000:41:00.0/0000:41:00.4/nvidia/current_vgpu_type", "0000:41:00.0")]
    [TestCase("devices/pci0000:40/0000:41:00.0/sriov_numvfs", "0000:41:00.0")]
    [TestCase("devices/virtual/mtty/mtty/mdev_supported_types/mtty-1/name", "mtty")]
    [TestCase("devices/system/node/node0/cpulist", null)]
    public void A_file_of_sysfs_belongs_to_a_GPU(string file, string? gpu)
    {
        using var tree = new TreeOfText("""
            sys/devices/pci0000:40/0000:41:00.0/0000:41:00.4/physfn -> ../../0000:41:00.0
            sys/bus/pci/devices/0000:41:00.0 -> ../../../devices/pci0000:40/0000:41:00.0
            sys/bus/pci/devices/0000:41:00.4 -> ../../../devices/pci0000:40/0000:41:00.0/0000:41:00.4
            sys/devices/virtual/mtty/mtty/
            sys/class/mdev_bus/mtty -> ../../devices/virtual/mtty/mtty
            """);

        Assert.That(PhysicalGpu.OfFile(tree.Root, tree.PathOf($"sys/{file}"))?.ToString(), Is.EqualTo(gpu));
    }

    private static string Answer(ManualResetEventSlim answer)
    {
        answer.Wait(Timeout.Infinite);
        return "an answer at last";
    }
}
