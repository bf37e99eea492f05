using System.Collections.Immutable;
using LibvirtMdevHook.Devices;
using LibvirtMdevHook.Doctor;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Log;
using LibvirtMdevHook.Planning;
using LibvirtMdevHook.Settings;
using NUnit.Framework;

namespace LibvirtMdevHook.Tests.Hosts;

/// <summary>Why a GPU or a VF serves no vGPU: plan refuses it and doctor reports it in the same words, with what helps.</summary>
internal sealed class GpuObstacleTests
{
    private const string Pf = "0000:41:00.0";
    private const string Vf = "0000:41:00.4";
    private const string Module = "sys/module/nvidia_vgpu_vfio/\n";
    private const string Before68 = "proc/sys/kernel/osrelease = 6.1.0-40-amd64\\n\n";
    private const string Without = "is a VF without nvidia/current_vgpu_type";

    private const string NoModule =
        "run 'modprobe nvidia_vgpu_vfio'; if there is no such module, install NVIDIA's vGPU host package (...-vgpu-kvm)";

    private const string PassThrough = "leave out its declaration: libvirt passes it through as it is";

    private const string ByVfioPci =
        "leave out its declaration, and write managed='yes' on its <hostdev>: libvirt then passes it through by vfio-pci";

    private static readonly string NvidiaPf = Device(Pf, "0x10de", "0x030200", "nvidia", "sriov_totalvfs = 16") + Link(Pf, "virtfn0", Vf);

    [TestCase("nvidia", "", Without + ", as its driver 'nvidia' is there without its module nvidia_vgpu_vfio", NoModule)]
    [TestCase("nvidia", Module, Without + ", though its driver 'nvidia' and the module nvidia_vgpu_vfio are there",
        "'journalctl -k' and 'journalctl -b -u nvidia-vgpud -u nvidia-vgpu-mgr' say why")]
    [TestCase("nvidia", Module + Before68, "is a VF without mdev_supported_types, though ", "'journalctl -k' and ")]
    [TestCase(null, Module, Without + ", as it has no driver",
        "bind it to NVIDIA's vGPU driver: run 'echo 0000:41:00.4 > /sys/bus/pci/drivers/nvidia/bind'")]
    [TestCase("vfio-pci", Module, Without + ", as it has the driver 'vfio-pci'",
        "bind it to NVIDIA's vGPU driver: run 'virsh nodedev-reattach pci_0000_41_00_4'; managed='yes' of some domain may have taken")]
    [TestCase("nouveau", "", Without + ", as it has the driver 'nouveau'", "bind it to NVIDIA's vGPU driver: install ")]
    public void A_VF_of_NVIDIAs_without_types(string? driver, string more, string predicate, string remedy) =>
        MustBeSaid(NvidiaPf + OwnVf("0x10de", "0x030200", driver) + more, Vf, Severity.Wrong, predicate, remedy);

    [TestCase("0x8086", "0x038000", "xe", "is a VF of Intel (vendor 0x8086) with the driver 'xe', and takes no type")]
    [TestCase("0x8086", "0x038000", "xe-vfio-pci", "is a VF of Intel (vendor 0x8086) with the driver 'xe-vfio-pci', and takes no type")]
    [TestCase("0x8086", "0x030000", "i915", "is a VF of Intel (vendor 0x8086) with the driver 'i915', and takes no type")]
    [TestCase("0x8086", "0x030000", null, "is a VF of Intel (vendor 0x8086) with no driver, and takes no type")]
    [TestCase("0x1002", "0x120000", "gim", "is a VF of AMD (vendor 0x1002) with the driver 'gim', and takes no type")]
    [TestCase("0x1002", "0x120000", "vfio-pci", "is a VF of AMD (vendor 0x1002) with the driver 'vfio-pci', and takes no type")]
    [TestCase("0x1eed", "0x030000", "other", "is a VF of vendor 0x1eed with the driver 'other', and takes no type")]
    public void A_VF_of_another_vendor(string vendor, string type, string? driver, string predicate) =>
        MustBeSaid(OtherPf(vendor, type) + OwnVf(vendor, type, driver), Vf, Severity.Well, predicate,
            driver?.Contains("vfio", StringComparison.Ordinal) == true ? PassThrough : ByVfioPci);

    [TestCase("0x030000", "nvidia", "", "has the driver 'nvidia' without its module nvidia_vgpu_vfio, and makes no vGPUs", NoModule)]
    [TestCase("0x030000", "nvidia", Module, "makes no vGPUs: its display is on (class 0x0300), and it has no VFs (sriov_totalvfs)",
        "if it is of the Ampere generation or later, run NVIDIA's 'displaymodeselector --gpumode physical_display_disabled'")]
    [TestCase("0x030000", "nvidia", Module + "sys/bus/pci/devices/0000:41:00.0/sriov_totalvfs = 0\\n", "makes no vGPUs: its display is on",
        "if it is of the Ampere generation or later, run NVIDIA's 'displaymodeselector ")]
    [TestCase("0x030200", "nvidia", Module, "makes no vGPUs, and has no VFs (sriov_totalvfs)",
        "if it is of the Ampere generation or later, enable SR-IOV and ARI in the firmware")]
    [TestCase("0x030000", "nouveau", "", "has the driver 'nouveau', and makes no vGPUs",
        "if it is to make some, install NVIDIA's vGPU host package (...-vgpu-kvm), put the line 'blacklist nouveau' into a file")]
    [TestCase("0x030000", "vfio-pci", "", "has the driver 'vfio-pci', and makes no vGPUs",
        "if it is to make some, run 'virsh nodedev-reattach pci_0000_41_00_0'")]
    [TestCase("0x030000", null, "", "has no driver, and makes no vGPUs", "if it is to make some, run 'echo 0000:41:00.0 > ")]
    public void A_GPU_of_NVIDIAs_that_makes_nothing(string type, string? driver, string more, string predicate, string remedy) =>
        MustBeSaid(Device(Pf, "0x10de", type, driver) + more, Pf, Severity.Wrong, predicate, remedy);

    [TestCase("enable_gvt = N", "", "makes no vGPUs, as GVT-g is off (enable_gvt=N)",
        "put 'i915.enable_gvt=1' on the kernel's command line, boot again, and run 'modprobe kvmgt'; "
            + "Intel's GPUs from the 11th generation on have no GVT-g")]
    [TestCase("enable_gvt = Y", "", "makes no vGPUs, as the module kvmgt of GVT-g is not loaded", "run 'modprobe kvmgt'; Intel's GPUs")]
    [TestCase("enable_gvt = Y", "sys/module/kvmgt/", "makes no vGPUs, though GVT-g is on and kvmgt is loaded", "'journalctl -k' says why")]
    [TestCase("enable_guc = 3", "", "has the driver 'i915' of a kernel without GVT-g", "Intel's GPUs from the 11th generation on")]
    [TestCase("enable_gvt/", "", "makes no vGPUs, and whether GVT-g is on cannot be read (EISDIR)", "put 'i915.enable_gvt=1'")]
    public void An_Intel_GPU_without_GVT_g(string parameter, string module, string predicate, string remedy) => MustBeSaid(
        Device(Pf, "0x8086", "0x030000", "i915") + $"sys/module/i915/parameters/{parameter}\n{module}",
        Pf, Severity.Hint, predicate, remedy);

    [Test]
    public void An_Intel_GPU_of_a_driver_that_never_had_GVT_g() => MustBeSaid(
        Device(Pf, "0x8086", "0x030000", "xe"), Pf, Severity.Well, "has the driver 'xe', which has no GVT-g",
        "where it has SR-IOV, libvirt passes its VFs through without a declaration");

    [Test]
    public void An_Intel_GPU_beside_parents_is_no_matter()
    {
        using var tree = new TreeOfText(Device("0000:00:02.0", "0x8086", "0x030000", "i915") + VfText.Gpu("0000:41", (0, VfText.Idle)));

        Assert.That(Findings(tree), Has.Length.EqualTo(1).And.All.Matches<Finding>(f => f.Severity == Severity.Well));
    }

    [Test]
    public void Doctor_counts_VFs_that_are_alike_and_says_nothing_of_network_cards()
    {
        using var tree = new TreeOfText(
            OtherPf("0x8086", "0x030000") + OwnVf("0x8086", "0x030000", "xe") + OwnVf("0x8086", "0x030000", "xe", "0000:41:00.5")
            + Device("0000:05:00.0", "0x8086", "0x020000", "ice", "sriov_totalvfs = 2") + Link("0000:05:00.1", "physfn", "0000:05:00.0")
            + Device("0000:05:00.1", "0x8086", "0x020000", "iavf"));

        Assert.That(Findings(tree).Select(f => f.What), Is.EqualTo(new[]
        {
            $"2 VFs of '{Pf}' serve no vGPUs: each, such as '{Vf}', is a VF of Intel (vendor 0x8086) with the driver 'xe', "
                + $"and takes no type; {ByVfioPci}",
        }));
        Assert.That(Refusal(tree, VfText.Hostdev("0000:05:00.1", "x")),
            Does.Contain("it is a VF of Intel (vendor 0x8086) with the driver 'iavf'"));
        Assert.That(Refusal(tree, VfText.Hostdev("0000:05:00.0", "x")), Does.Contain("whose VFs take no type"));
    }

    [TestCase(Pf, "it is a PF of Intel (vendor 0x8086) with the driver 'xe', whose VFs take no type; leave out the declaration")]
    [TestCase(Vf, "it is a VF of Intel (vendor 0x8086) with the driver 'xe', and takes no type; leave out its declaration")]
    [TestCase("pci_0000_41_00_0", "it is a PF of Intel")]
    public void A_parent_of_another_vendor(string parent, string words)
    {
        using var tree = new TreeOfText(OtherPf("0x8086", "0x030000") + OwnVf("0x8086", "0x030000", "xe"));

        Assert.That(Refusal(tree, Mdev($"parent='{parent}'")), Does.Contain($"the parent '{parent}' takes no mediated devices: {words}"));
    }

    [TestCase(Pf, "it is a PF, whose VF '0000:41:00.4' is a VF without nvidia/current_vgpu_type, as its driver 'nvidia' is there")]
    [TestCase(Vf, "it is a VF without nvidia/current_vgpu_type, as its driver 'nvidia' is there without its module")]
    public void A_parent_whose_driver_lacks_its_module(string parent, string words)
    {
        using var tree = new TreeOfText(NvidiaPf + OwnVf("0x10de", "0x030200", "nvidia"));

        Assert.That(Refusal(tree, Mdev($"parent='{parent}'")), Does.Contain(words));
    }

    [TestCase("parent='0000:41:00.4'", "it is a VF, which takes a type itself and no mediated devices; declare address='0000:41:00.4'")]
    [TestCase("parent='0000:41:00.0'",
        "it is a PF, whose VFs take types themselves and no mediated devices; declare address='0000:41:00.4'")]
    [TestCase("", "this host has no parent of mediated devices, but VFs that take types themselves; declare address='0000:41:00.4'")]
    [TestCase("parent='0000:99:00.0 0000:41:00.4'",
        "it is a VF, which takes a type itself and no mediated devices; declare address='0000:41:00.4' in place of the uuid, "
        + "with a <hostdev type='pci' managed='no'>; the parent '0000:99:00.0' is not on this host or takes no mediated devices")]
    public void A_mediated_device_where_VFs_take_types_themselves(string parent, string words)
    {
        using var tree = new TreeOfText(VfText.Gpu("0000:41", (0, VfText.Idle)));

        Assert.That(Refusal(tree, Mdev(parent)), Does.Contain(words));
    }

    [TestCase("0000:86:00.0", "it is no VF, but takes mediated devices; declare a uuid with parent='0000:86:00.0'")]
    [TestCase("0000:41:00.0", "it is a PF, whose VFs take mediated devices; declare a uuid with parent='0000:41:00.4'")]
    public void An_address_of_what_takes_mediated_devices(string address, string words)
    {
        using var tree = new TreeOfText(
            Device("0000:86:00.0", "0x10de", "0x030000", "nvidia") + "sys/bus/pci/devices/0000:86:00.0/mdev_supported_types/\n"
            + NvidiaPf + OwnVf("0x10de", "0x030200", "nvidia") + $"sys/bus/pci/devices/{Vf}/mdev_supported_types/\n");

        Assert.That(Refusal(tree, VfText.Hostdev(address, "x")), Does.Contain(words));
    }

    /// <summary>Fails unless plan, for the device as an address and as a parent, and doctor say the same of it.</summary>
    private static void MustBeSaid(string lines, string device, Severity severity, string predicate, string remedy)
    {
        using var tree = new TreeOfText(lines);

        var finding = Findings(tree).Single(f => f.What.StartsWith($"'{device}' ", StringComparison.Ordinal));

        Assert.That(finding.Severity, Is.EqualTo(severity));
        Assert.That($"{finding.What}; {finding.Remedy}", Does.StartWith($"'{device}' {predicate}").And.Contain($"; {remedy}"));
        Assert.That(Refusal(tree, VfText.Hostdev(device, "x")), Does.Contain(predicate).And.Contain($"; {remedy}"));
        Assert.That(Refusal(tree, Mdev($"parent='{device}'")),
            Does.Contain($"takes no mediated devices: it {predicate}").And.Contain($"; {remedy}"));
    }

    private static Finding[] Findings(TreeOfText tree)
    {
        var (gpus, host) = (ExaminedGpu.ReadAll(tree.Root), HostReader.ReadAll(tree.Root));
        return [.. GpuCheck.OfNvidias(gpus, host), .. GpuCheck.OfOthers(gpus, host)];
    }

    private static string Refusal(TreeOfText tree, string hostdev)
    {
        var domain = DomainText.Parse(VfText.Declaring("", hostdev));
        var settings = HostSettings.Load(tree.Root);
        var context = new OperationContext(tree.Root, settings, tree.Store(), new HookLog(tree.Root, settings, "test"));
        var input = PlanInputReader.Read(context, domain, domain.Declaration!, ImmutableDictionary<SysfsName, string>.Empty);
        return Planner.Make(input).Refusals.Single().Text;
    }

    private static string Mdev(string parent) => $"<hostdev uuid='{DomainText.First}' type='x' {parent}/>";

    private static string OwnVf(string vendor, string type, string? driver, string name = Vf) =>
        Device(name, vendor, type, driver) + Link(name, "physfn", Pf);

    private static string OtherPf(string vendor, string type) =>
        Device(Pf, vendor, type, "xe", "sriov_totalvfs = 4") + Link(Pf, "virtfn0", Vf);

    private static string Device(string name, string vendor, string type, string? driver, string more = "irq = 0") => $"""
        sys/bus/pci/devices/{name}/subsystem -> ../../../pci
        sys/bus/pci/devices/{name}/vendor = {vendor}\n
        sys/bus/pci/devices/{name}/class = {type}\n
        sys/bus/pci/devices/{name}/{more}\n
        {(driver is null ? "" : $"sys/bus/pci/devices/{name}/driver -> ../../drivers/{driver}")}

        """;

    private static string Link(string device, string link, string target) => $"sys/bus/pci/devices/{device}/{link} -> ../{target}\n";
}
