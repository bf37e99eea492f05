using System.Diagnostics;
using System.Text.Json;
using LibvirtMdevHook.SystemTests.Lab;
using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;
using VerifyNUnit;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>virt-mdev doctor says what keeps vGPUs from working, changes nothing, and ends even if the kernel does not answer.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class DoctorTests
{
    private const string Boot = "11111111-2222-3333-4444-555555555555";

    private const string Base = $"""
        proc/sys/kernel/random/boot_id = {Boot}\n
        proc/1/comm = systemd\n
        proc/4711/comm = libvirtd\n
        proc/4711/stat = 4711 (libvirtd) S 1 4711 4711 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 17 0 30000 1 2\n
        proc/locks =
        755 usr/sbin/libvirtd = #!/bin/sh\necho 'libvirtd (libvirt) 9.0.0'\n
        sys/bus/mdev/devices/
        """;

    private const string Good = $"""
        {Base}
        proc/stat = cpu 1 2 3\nbtime 4000000000\n
        proc/4712/comm = nvidia-vgpu-mgr\n
        etc/libvirt/hooks/qemu.d/50-mdev -> /usr/sbin/libvirt-mdev-hook
        755 usr/sbin/libvirt-mdev-hook =
        755 usr/bin/virt-mdev =
        etc/libvirt/mdev-hook.conf = placement = "depth-first"\n
        etc/systemd/system/libvirtd.service.d/50-mdev-hook.conf = [Unit]\nAfter=nvidia-vgpud.service nvidia-vgpu-mgr.service\n
        sys/fs/selinux/enforce = 1
        sys/fs/selinux/booleans/virt_hooks_unconfined = 1 1
        sys/kernel/iommu_groups/7/
        sys/kernel/security/apparmor/profiles = libvirtd (enforce)\n
        dev/vfio/vfio =
        sys/class/mdev_bus/0000:86:00.0 -> ../../devices/0000:86:00.0
        sys/bus/pci/devices/0000:86:00.0 -> ../../../devices/0000:86:00.0
        sys/devices/0000:86:00.0/vendor = 0x10de\n
        sys/devices/0000:86:00.0/class = 0x030000\n
        sys/devices/0000:86:00.0/driver -> ../../bus/pci/drivers/nvidia
        sys/devices/0000:86:00.0/mdev_supported_types/nvidia-18/name = GRID M60-2Q\n
        sys/devices/0000:86:00.0/mdev_supported_types/nvidia-18/device_api = vfio-pci\n
        sys/devices/0000:86:00.0/mdev_supported_types/nvidia-18/available_instances = 4\n
        """;

    /// <summary>
    /// GPUs: one without types, one with VFs that list nothing, one whose VFs have another driver, one whose VFs are not enabled, and one
    /// with nouveau.
    /// </summary>
    private const string Bad = $"""
        {Base}
        proc/stat = cpu 1 2 3\nbtime 1000000000\n
        etc/libvirt/hooks/qemu.d/50-mdev -> /opt/mdev/sbin/libvirt-mdev-hook
        777 opt/mdev/sbin/libvirt-mdev-hook =
        755 etc/libvirt/hooks/qemu = #!/bin/sh\n# The hook of LibvirtMdevHook for libvirt older than 6.5\nhook=/usr/sbin/libvirt-mdev-hook\n
        etc/libvirt/mdev-hook.conf = placement = "best"\nspeed = 4\n
        sys/fs/selinux/enforce = 1
        sys/fs/selinux/booleans/virt_hooks_unconfined = 0 0
        sys/kernel/security/apparmor/profiles = man_groff (complain)\nlibvirtd//qemu_bridge_helper (enforce)\n/usr/sbin/libvirtd (enforce)\n
        sys/class/mdev_bus/0000:86:00.0 -> ../../devices/0000:86:00.0
        sys/bus/pci/devices/0000:86:00.0 -> ../../../devices/0000:86:00.0
        sys/devices/0000:86:00.0/vendor = 0x10de\n
        sys/devices/0000:86:00.0/class = 0x030000\n
        sys/devices/0000:86:00.0/driver -> ../../bus/pci/drivers/nvidia
        sys/devices/0000:86:00.0/mdev_supported_types/
        sys/bus/pci/devices/0000:41:00.0/vendor = 0x10de\n
        sys/bus/pci/devices/0000:41:00.0/class = 0x030200\n
        sys/bus/pci/devices/0000:41:00.0/driver -> ../../drivers/nvidia
        sys/bus/pci/devices/0000:41:00.0/sriov_totalvfs = 2\n
        sys/bus/pci/devices/0000:41:00.0/sriov_numvfs = 2\n
        sys/bus/pci/devices/0000:41:00.0/virtfn0 -> ../0000:41:00.4
        sys/bus/pci/devices/0000:41:00.0/virtfn1 -> ../0000:41:00.5
        sys/bus/pci/devices/0000:41:00.4/physfn -> ../0000:41:00.0
        sys/bus/pci/devices/0000:41:00.4/nvidia/current_vgpu_type = 0\n
        sys/bus/pci/devices/0000:41:00.4/nvidia/creatable_vgpu_types = ID    : vGPU Name\n
        sys/bus/pci/devices/0000:41:00.5/vendor = 0x10de\n
        sys/bus/pci/devices/0000:41:00.5/class = 0x030200\n
        sys/bus/pci/devices/0000:41:00.5/physfn -> ../0000:41:00.0
        sys/bus/pci/devices/0000:41:00.5/driver -> ../../drivers/vfio-pci
        sys/bus/pci/devices/0000:51:00.0/vendor = 0x10de\n
        sys/bus/pci/devices/0000:51:00.0/class = 0x030200\n
        sys/bus/pci/devices/0000:51:00.0/driver -> ../../drivers/nvidia
        sys/bus/pci/devices/0000:51:00.0/sriov_totalvfs = 2\n
        sys/bus/pci/devices/0000:51:00.0/sriov_numvfs = 2\n
        sys/bus/pci/devices/0000:51:00.4/vendor = 0x10de\n
        sys/bus/pci/devices/0000:51:00.4/class = 0x030200\n
        sys/bus/pci/devices/0000:51:00.4/physfn -> ../0000:51:00.0
        sys/bus/pci/devices/0000:51:00.4/driver -> ../../drivers/vfio-pci
        sys/bus/pci/devices/0000:51:00.5/vendor = 0x10de\n
        sys/bus/pci/devices/0000:51:00.5/class = 0x030200\n
        sys/bus/pci/devices/0000:51:00.5/physfn -> ../0000:51:00.0
        sys/bus/pci/devices/0000:51:00.5/driver -> ../../drivers/vfio-pci
        sys/bus/pci/devices/0000:61:00.0/vendor = 0x10de\n
        sys/bus/pci/devices/0000:61:00.0/class = 0x030200\n
        sys/bus/pci/devices/0000:61:00.0/driver -> ../../drivers/nvidia
        sys/bus/pci/devices/0000:61:00.0/sriov_totalvfs = 2\n
        sys/bus/pci/devices/0000:61:00.0/sriov_numvfs = 0\n
        sys/bus/pci/devices/0000:71:00.0/vendor = 0x10de\n
        sys/bus/pci/devices/0000:71:00.0/class = 0x030000\n
        sys/bus/pci/devices/0000:71:00.0/driver -> ../../drivers/nouveau
        sys/bus/pci/devices/0000:71:00.1/vendor = 0x10de\n
        sys/bus/pci/devices/0000:71:00.1/class = 0x040300\n
        run/libvirt-mdev/removing/6a2f0d1c-0000-4000-8000-000000000001.xml = {Record}
        run/libvirt-mdev/domains/6a2f0d1c-0000-4000-8000-0000000000d2.xml = <record version="1" boo
        run/libvirt-mdev/domains/6a2f0d1c-0000-4000-8000-0000000000d3.xml = {OfOtherBoot}
        run/libvirt-mdev/set-aside/6a2f0d1c-0000-4000-8000-0000000000d4.xml.17 = torn
        """;

    private const string Vendors = """

        proc/4711/exe -> /snap/openstack-hypervisor/7/usr/sbin/libvirtd
        sys/bus/pci/devices/0000:41:00.0/vendor = 0x10de\n
        sys/bus/pci/devices/0000:41:00.0/class = 0x030200\n
        sys/bus/pci/devices/0000:41:00.0/driver -> ../../drivers/nvidia
        sys/bus/pci/devices/0000:41:00.0/virtfn0 -> ../0000:41:00.4
        sys/bus/pci/devices/0000:41:00.4/vendor = 0x10de\n
        sys/bus/pci/devices/0000:41:00.4/class = 0x030200\n
        sys/bus/pci/devices/0000:41:00.4/driver -> ../../drivers/nvidia
        sys/bus/pci/devices/0000:41:00.4/physfn -> ../0000:41:00.0
        sys/bus/pci/devices/0000:51:00.0/vendor = 0x10de\n
        sys/bus/pci/devices/0000:51:00.0/class = 0x030200\n
        sys/bus/pci/devices/0000:51:00.0/driver -> ../../drivers/nvidia
        sys/bus/pci/devices/0000:51:00.0/virtfn0 -> ../0000:51:00.4
        sys/bus/pci/devices/0000:51:00.4/vendor = 0x10de\n
        sys/bus/pci/devices/0000:51:00.4/class = 0x030200\n
        sys/bus/pci/devices/0000:51:00.4/driver -> ../../drivers/nvidia
        sys/bus/pci/devices/0000:51:00.4/physfn -> ../0000:51:00.0
        sys/bus/pci/devices/0000:51:00.4/nvidia/current_vgpu_type = 0\n
        sys/bus/pci/devices/0000:51:00.4/nvidia/creatable_vgpu_types = ID    : vGPU Name\n558   : NVIDIA A40-2Q\n
        sys/bus/pci/devices/0000:03:00.0/vendor = 0x8086\n
        sys/bus/pci/devices/0000:03:00.0/class = 0x038000\n
        sys/bus/pci/devices/0000:03:00.0/driver -> ../../drivers/xe
        sys/bus/pci/devices/0000:03:00.1/vendor = 0x8086\n
        sys/bus/pci/devices/0000:03:00.1/class = 0x038000\n
        sys/bus/pci/devices/0000:03:00.1/driver -> ../../drivers/xe-vfio-pci
        sys/bus/pci/devices/0000:03:00.1/physfn -> ../0000:03:00.0
        sys/bus/pci/devices/0000:03:00.2/vendor = 0x8086\n
        sys/bus/pci/devices/0000:03:00.2/class = 0x038000\n
        sys/bus/pci/devices/0000:03:00.2/driver -> ../../drivers/xe-vfio-pci
        sys/bus/pci/devices/0000:03:00.2/physfn -> ../0000:03:00.0
        sys/bus/pci/devices/0000:0c:02.0/vendor = 0x1002\n
        sys/bus/pci/devices/0000:0c:02.0/class = 0x120000\n
        sys/bus/pci/devices/0000:0c:02.0/driver -> ../../drivers/vfio-pci
        sys/bus/pci/devices/0000:0c:02.0/physfn -> ../0000:0c:00.0
        """;

    private const string Record =
        $"""<record version="1" boot="{Boot}" generation="17" phase="stopped">"""
        + "<domain><name>win10</name><uuid>6a2f0d1c-0000-4000-8000-0000000000d1</uuid></domain>"
        + """<device stage="leaving" dialect="mdev" handover="hostdev"><name>6a2f0d1c-0000-4000-8000-000000000001</name>"""
        + "<parent>0000:86:00.0</parent></device></record>";

    private const string OfOtherBoot =
        """<record version="1" boot="22222222-2222-3333-4444-555555555555" generation="17" phase="started">"""
        + "<domain><name>win11</name><uuid>6a2f0d1c-0000-4000-8000-0000000000d3</uuid></domain></record>";

    [Test]
    public async Task A_host_on_which_everything_is_well_has_nothing_to_do()
    {
        using var tree = new PlainTree(Good);

        await Verify(tree, 0);
    }

    [Test]
    public async Task A_host_on_which_everything_is_wrong_has_a_line_for_each()
    {
        using var tree = new PlainTree(Bad);

        await Verify(tree, 1);
    }

    /// <summary>VFs for an old libvirt and one of a snap, a driver without its vGPU module, and GPUs of other vendors.</summary>
    [Test]
    public async Task A_host_of_many_vendors_has_the_remedy_of_each()
    {
        using var tree = new PlainTree(Good + Vendors);

        await Verify(tree, 1);
    }

    [Test]
    public async Task A_host_without_anything_needs_a_driver_and_the_hook()
    {
        using var tree = new PlainTree("proc/sys/kernel/random/boot_id = 1\\n\nproc/1/comm = systemd\nproc/locks =");

        await Verify(tree, 1);
    }

    [Test]
    public void It_changes_nothing_and_asks_no_daemon()
    {
        using var tree = new PlainTree(Bad);
        var before = Contents(tree);

        Run(tree.Root);
        Run(tree.Root, "--json");

        Assert.That(Contents(tree), Is.EqualTo(before));
    }

    [Test]
    public void Json_has_the_same_findings()
    {
        using var tree = new PlainTree(Bad);

        var lines = Run(tree.Root).Output.TrimEnd('\n').Split('\n');
        using var json = JsonDocument.Parse(Run(tree.Root, "--json").Output);

        var findings = json.RootElement.EnumerateArray().ToArray();
        Assert.That(findings, Has.Length.EqualTo(lines.Length));
        Assert.That(findings.Select(f => string.Join(' ', f.EnumerateObject().Select(p => p.Name))),
            Is.All.EqualTo("severity topic what remedy"));
        foreach (var (finding, line) in findings.Zip(lines))
        {
            Assert.That(line,
                Does.StartWith($"{finding.GetProperty("severity")} ").And.Contain($"  {finding.GetProperty("what").GetString()}"));
        }
    }

    [Test]
    public void A_half_removed_package_is_told_from_one_that_was_never_there()
    {
        using var tree = new PlainTree(Good);
        File.Delete(tree.InRoot("usr/sbin/libvirt-mdev-hook"));

        var run = Run(tree.Root);

        Assert.That(run.Status, Is.EqualTo(1));
        Assert.That(run.Output,
            Does.Contain("leads to '/usr/sbin/libvirt-mdev-hook', which is not there").And.Not.Contain("not installed"));
    }

    [Test]
    public void A_program_of_libvirt_that_does_not_end_is_not_waited_for()
    {
        using var tree = new PlainTree(Good);
        File.WriteAllText(tree.InRoot("usr/sbin/libvirtd"), "#!/bin/sh\nexec sleep 60\n");
        var begin = Stopwatch.StartNew();

        var run = Run(tree.Root);

        Assert.That((run.Status, begin.Elapsed), Is.LessThan((1, TimeSpan.FromSeconds(20))), run.Output);
        Assert.That(run.Output, Does.StartWith("unknown  hook ")
            .And.Contain("tells its version, so that it is not known whether libvirt calls it; run 'libvirtd --version'"));
    }

    /// <summary>Programs of a root run in '/', wherever it was named from.</summary>
    [TestCase("."), TestCase("usr/..")]
    public void A_root_may_be_named_from_the_current_folder(string root)
    {
        using var tree = new PlainTree(Good);

        var run = Command.Run("env", ["-C", tree.Root, $"LIBVIRT_MDEV_ROOT={root}", SourceTree.VirtMdev, "doctor"]);

        Assert.That((run.Status, run.Errors), Is.EqualTo((0, "")), run.Output);
        Assert.That(run.Output, Does.Contain("libvirt 9.0.0 calls"));
    }

    [Test]
    public void A_driver_that_does_not_answer_is_named_and_not_waited_for()
    {
        using var host = new HookedHost("m60-mdev.xml");
        host.Host.Control("fault hang op=read path=**/available_instances");
        var begin = Stopwatch.StartNew();

        var run = host.VirtMdev("doctor", "--json");

        Assert.That(begin.Elapsed, Is.LessThan(TimeSpan.FromSeconds(30)));
        Assert.That((run.Status, run.Errors), Is.EqualTo((1, "")));
        using var json = JsonDocument.Parse(run.Output);
        Assert.That(json.RootElement.EnumerateArray().Select(f => $"{f.GetProperty("topic")}: {f.GetProperty("what")}"),
            Has.Some.StartsWith("parents: ").And.Some.Contain("/available_instances'").And.Some.StartsWith("vfio: "));
    }

    [Test]
    public void Fifos_in_place_of_files_are_not_waited_for()
    {
        using var tree = new PlainTree(Good);
        string[] files = ["etc/libvirt/mdev-hook.conf", "proc/locks", "proc/stat", "proc/4711/comm", "sys/fs/selinux/enforce",
            "sys/devices/0000:86:00.0/class", "usr/sbin/libvirtd"];
        foreach (var file in files)
        {
            File.Delete(tree.InRoot(file));
            Command.Run("mkfifo", tree.InRoot(file)).Expected("mkfifo");
        }

        var begin = Stopwatch.StartNew();
        var run = Run(tree.Root);

        Assert.That(begin.Elapsed, Is.LessThan(TimeSpan.FromSeconds(20)));
        Assert.That(run.Output, Does.Contain("mdev-hook.conf' is not a file").And.Not.Contain("did not answer"));
    }

    [Test]
    public void A_removal_is_broken_off_when_no_worker_is_at_it()
    {
        using var host = new HookedHost("m60-mdev.xml");
        var domain = DeclaringDomain.With("win10", 1, "GRID M60-4Q");
        host.Start(domain);
        host.Host.Control("fault hang op=write path=**/remove");
        host.Call("release", domain).MustBeGood();

        Assert.That(host.VirtMdev("doctor").Output, Does.Contain("1 device is being removed").And.Not.Contain("broken off"));

        host.Workers.ToList().ForEach(worker => Command.Run("kill", "-KILL", $"{worker}"));
        host.Host.Control("clear");
        host.WaitForWorkers();
        var run = host.VirtMdev("doctor");

        Assert.That(run.Output, Does.Contain($"the removal of '{domain.Vgpus[0].Uuid}' was broken off"), host.LastOfLog());
        Assert.That(host.Kept().Any(file => file.StartsWith("removing/", StringComparison.Ordinal)
            && file.EndsWith(".xml", StringComparison.Ordinal)), Is.True);
    }

    [Test]
    public void An_ordinary_user_sees_what_everyone_may_read_and_is_told_what_is_for_root()
    {
        using var tree = new PlainTree(Good + "\nrun/libvirt-mdev/set-aside/");
        using var folder = new TemporaryFolder();
        File.SetUnixFileMode(tree.InRoot("run/libvirt-mdev/set-aside"),
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var program = Path.Combine(folder.Path, "virt-mdev");
        File.Copy(SourceTree.VirtMdev, program);
        Command.Run("chmod", "755", tree.Root, folder.Path, program).Expected("chmod");

        Outcome Nobodys() => Command.Run("setpriv",
            "--reuid=65534", "--regid=65534", "--clear-groups", "env", $"LIBVIRT_MDEV_ROOT={tree.Root}", program, "doctor");
        var run = Nobodys();

        Assert.That((run.Status, run.Errors), Is.EqualTo((0, "")), run.Output);
        Assert.That(run.Output.Split('\n').Where(line => !line.StartsWith("well", StringComparison.Ordinal) && line.Length > 0),
            Is.EqualTo(new[] { "unknown  records        whether records were set aside is for root to see; run this as root" }));

        File.SetUnixFileMode(tree.InRoot("etc/libvirt"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Assert.That(Nobodys().Output,
            Does.Contain("whether libvirt calls the hook cannot be seen: Permission denied (EACCES)").And.Not.Contain("not installed")
            .And.Contain("unknown  configuration  the configuration is for root to read; run this as root").And.Not.Contain("wrong "));
    }

    private static Outcome Run(string root, params string[] options) =>
        Command.Run("env", [$"LIBVIRT_MDEV_ROOT={root}", SourceTree.VirtMdev, "doctor", .. options]);

    private static async Task Verify(PlainTree tree, int status)
    {
        var run = Run(tree.Root);
        Assert.That((run.Status, run.Errors), Is.EqualTo((status, "")), run.Output);
        await Verifier.Verify(run.Output.Replace(tree.Root, "", StringComparison.Ordinal));
    }

    private static string Contents(PlainTree tree) => Command.Run("find", tree.Root, "-printf", "%p %s %T@ %C@\n").Expected("find").Output;
}
