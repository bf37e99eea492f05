using System.Collections.Immutable;
using LibvirtMdevHook.Devices;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Log;
using LibvirtMdevHook.Planning;
using LibvirtMdevHook.Settings;
using NUnit.Framework;
using static LibvirtMdevHook.Tests.VfText;

namespace LibvirtMdevHook.Tests.Planning;

/// <summary>A device that no record proves ours is used only when nobody holds it, by its group's node or by its cdev.</summary>
internal sealed class HeldForeignDeviceTests
{
    private const string Vf = "sys/devices/pci0000:00/0000:41:00.4";
    private const string Mdev = "sys/devices/pci0000:3c/0000:3e:00.0/aaaaaaaa-0000-4000-8000-000000000001";
    private const string Cdev = "dev/vfio/devices/vfio3 =\n";

    private static readonly string BusyGpu = Gpu("0000:41", (558, Empty), (0, Beside2Q)) + $"{Vf}/vfio-dev/vfio3/\n{Cdev}proc/1/fd/\n";
    private static readonly string VfDomain = Declaring("", Hostdev("0000:41:00.4", "NVIDIA A40-2Q"));

    [TestCase("")]
    [TestCase("dev/vfio/87 =\n" + Vf + "/iommu_group -> ../../../kernel/iommu_groups/87\n")]
    public void A_VF_that_a_process_has_by_its_cdev_is_refused_with_the_name_of_the_process(string group)
    {
        using var tree = new TreeOfText(BusyGpu + group);

        Assert.That(PlanOf(tree, VfDomain).Refusals, Is.Empty);
        HoldCdev(tree);
        var refusal = PlanOf(tree, VfDomain).Refusals.Single();

        Assert.That(refusal.Text, Does.Contain("'0000:41:00.4'").And.Contain("process 'qemu-system-x86' (pid 900) holds it"));
    }

    [TestCase("m60-mdev", "aaaaaaaa-0000-4000-8000-000000000001", "GRID M60-2Q", Mdev)]
    [TestCase("m60-rfc2016", DomainText.First, "GRID M60-4Q", "sys/devices/pci0000:80/0000:80:02.0/0000:86:00.0/" + DomainText.First)]
    public void A_mediated_device_that_a_process_has_by_its_cdev_is_refused_too(string host, string uuid, string type, string folder)
    {
        using var tree = TreeOfText.Of(host);
        if (host == "m60-rfc2016")
            tree.Add($"{folder}/online = 1\\n\nsys/bus/mdev/devices/{uuid} -> ../../../{folder["sys/".Length..]}");
        tree.Add($"{folder}/vfio-dev/vfio3/\n{Cdev}");
        HoldCdev(tree);
        var domain = DomainText.Around(
            $"<hostdevs xmlns='urn:libvirt-mdev-hook:1'>{DomainText.Hostdev(uuid, type)}</hostdevs>", uuid);

        Assert.That(PlanOf(tree, domain).Refusals.Single().Text, Does.Contain("process 'qemu-system-x86' (pid 900) holds it"));
    }

    [Test]
    public void Where_it_cannot_be_told_the_VF_is_refused()
    {
        using var tree = new TreeOfText(BusyGpu + "proc/800/fd -> fd");

        Assert.That(PlanOf(tree, VfDomain).Refusals.Single().Text,
            Does.Contain("cannot be used: it cannot be told whether a process holds it: the files that the process 800 has open"));
    }

    /// <summary>Who holds which node is read before the host's lock is taken, where a declared mediated device exists.</summary>
    [Test]
    public void Proc_is_read_before_the_hosts_lock()
    {
        using var tree = TreeOfText.Of("m60-mdev");
        tree.Add($"{Mdev}/vfio-dev/vfio3/\n{Cdev}");
        HoldCdev(tree);
        const string uuid = "aaaaaaaa-0000-4000-8000-000000000001";
        var domain = DomainText.Parse(DomainText.Around(
            $"<hostdevs xmlns='urn:libvirt-mdev-hook:1'>{DomainText.Hostdev(uuid, "GRID M60-2Q")}</hostdevs>", uuid));

        var holders = PlanInputReader.HoldersFor(Context(tree), domain, domain.Declaration!);
        tree.Add($"proc/901/comm = late\\n\nproc/901/fd/21 -> {tree.PathOf("dev/vfio/devices/vfio3")}");

        var nodes = new VfioNodes(null, SysfsName.Parse("vfio3"));
        Assert.That(holders.Of(nodes)!.Text, Is.EqualTo("process 'qemu-system-x86' (pid 900)"), "and not again under the lock");
    }

    private static void HoldCdev(TreeOfText tree) => tree.Add(
        $"proc/1/fd/\nproc/900/comm = qemu-system-x86\\n\nproc/900/fd/21 -> {tree.PathOf("dev/vfio/devices/vfio3")}");

    private static Plan PlanOf(TreeOfText tree, string xml)
    {
        var domain = DomainText.Parse(xml);
        return Planner.Make(PlanInputReader.Read(
            Context(tree), domain, domain.Declaration!, ImmutableDictionary<SysfsName, string>.Empty));
    }

    private static OperationContext Context(TreeOfText tree)
    {
        var settings = HostSettings.Load(tree.Root);
        return new OperationContext(tree.Root, settings, tree.Store(), new HookLog(tree.Root, settings, "test"));
    }
}
