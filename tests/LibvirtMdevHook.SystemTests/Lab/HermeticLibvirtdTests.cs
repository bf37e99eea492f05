using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Lab;

/// <summary>What tests of the hook can rely on in the lab. Here the hook is a few lines of shell.</summary>
[TestFixture]
internal sealed class HermeticLibvirtdTests
{
    private static readonly Guid Device = Guid.NewGuid();

    // libvirtd 9.0 needs the device between prepare and release.
    private static readonly string Hook = $"""
        #!/bin/sh
        echo "$2" >>/var/log/libvirt/operations.log
        case $2 in
          prepare) echo {Device} >/sys/class/mdev_bus/0000:86:00.0/mdev_supported_types/nvidia-18/create ;;
          release) echo 1 >/sys/bus/mdev/devices/{Device}/remove ;;
        esac

        """;

    private static readonly GuestDomain Vgpu = new("vgpu") { Devices = GuestDomain.Hostdev(Device) };

    private HermeticLibvirtd? _running;

    private HermeticLibvirtd Lab => _running ?? throw new InvalidOperationException("No lab was started.");

    [SetUp]
    public void StartWithAHook()
    {
        _running = HermeticLibvirtd.Start("m60-mdev.xml", new LabOptions { Install = false });
        var hook = Path.Combine(Lab.Folder, "etc-libvirt/hooks/qemu");
        File.WriteAllText(hook, Hook);
        Command.Run("chmod", "+x", hook).Expected("chmod");
        Lab.ReloadDaemon();
    }

    [TearDown]
    public void Stop()
    {
        _running?.Dispose();
        _running = null;
    }

    [Test]
    public void A_domain_with_a_mediated_device_runs_and_holds_its_group()
    {
        var before = Lab.Host.Tree();
        Start();

        Assert.That(State(), Is.EqualTo("running"));
        Assert.That(Lab.Run("sh", "-c", ": <>/dev/vfio/1").Errors, Does.Contain("Device or resource busy"));
        Assert.That(Run("readlink", $"/proc/{Lab.Guest("vgpu")}/exe"), Does.EndWith("/usr/bin/qemu-system-x86_64"));

        Lab.Virsh("destroy", "vgpu").Expected("virsh destroy");

        Assert.That(Lab.Host.Tree(), Is.EqualTo(before));
        Assert.That(Lab.Host.Log(), Has.Count.EqualTo(2).And.All.StartsWith("write "));
        Assert.That(Operations(), Is.EqualTo(["prepare", "start", "started", "stopped", "release"]));
    }

    [Test]
    public void A_killed_guest_is_torn_down()
    {
        Start();
        Lab.KillGuest("vgpu");

        WaitFor("prepare", "start", "started", "stopped", "release");
        Assert.That(State(), Is.EqualTo("shut off"));
    }

    [Test]
    public void A_guest_outlives_libvirtd()
    {
        Start();
        var guest = Lab.Guest("vgpu");

        Lab.RestartDaemon();
        WaitFor("prepare", "start", "started", "reconnect");
        Lab.KillDaemon();
        Lab.StartDaemon();
        WaitFor("prepare", "start", "started", "reconnect", "reconnect");

        Assert.That(Lab.Guest("vgpu"), Is.EqualTo(guest));
        Assert.That(State(), Is.EqualTo("running"));
    }

    [Test]
    public void A_reload_that_meets_another_one_comes_after_it()
    {
        // libvirtd calls it in the middle of a reload, and ignores whoever asks for another one until that has ended.
        File.AppendAllText(Path.Combine(Lab.Folder, "etc-libvirt/hooks/daemon"), "sleep 1\n");
        var before = Reloads();
        Lab.ReloadDaemon();
        Lab.ReloadDaemon();

        Assert.That(Reloads(), Is.EqualTo(before + 2));

        int Reloads() => File.ReadLines(Path.Combine(Lab.Folder, "run/lab/daemon-operations")).Count(line => line == "reload");
    }

    [Test]
    public void A_start_without_its_device_is_refused_by_libvirt()
    {
        File.Delete(Path.Combine(Lab.Folder, "etc-libvirt/hooks/qemu"));
        Lab.Define(Vgpu);

        Assert.That(Lab.Virsh("start", "vgpu").Errors, Does.Contain($"mediated device '{Device}' not found"));
    }

    [Test]
    public void Nobody_has_a_session_daemon()
    {
        var outcome = Lab.RunAsNobody("virsh", "-c", "qemu:///session", "list", "--all");

        Assert.That(outcome.Errors, Is.Empty);
        Assert.That(Lab.RunAsNobody("id", "-un").Output, Is.EqualTo("nobody\n"));
    }

    [Test]
    public void Nothing_outside_can_be_written()
    {
        var outside = Path.Combine("/var/lib", $"mdev-lab-{Guid.NewGuid()}");

        Assert.That(Lab.Run("touch", outside).Errors, Does.Contain("Read-only file system"));
        Assert.That(Lab.Run("touch", "/etc/libvirt/x", "/run/x", "/var/lib/libvirt/x", "/var/cache/libvirt/x", "/var/log/libvirt/x").Status,
            Is.Zero);
    }

    [Test]
    public void Two_labs_are_two_hosts()
    {
        using var other = HermeticLibvirtd.Start("m60-mdev.xml", new LabOptions { Install = false });
        Start();

        Assert.That(other.Virsh("list", "--all", "--name").Output.Trim(), Is.Empty);
        Assert.That(other.Run("ls", "/sys/bus/mdev/devices").Output, Is.Empty);
        Assert.That(other.Run("cat", "/proc/sys/kernel/hostname").Output.Trim(), Is.Not.EqualTo(Run("cat", "/proc/sys/kernel/hostname")));
    }

    [Test]
    public void Nothing_is_left_when_it_ends()
    {
        Start();
        var folder = Lab.Folder;
        var space = File.ReadAllText(Path.Combine(folder, "lab.pid")).Split(' ')[1].Trim();
        Assert.That(Processes(), Is.GreaterThanOrEqualTo(5), "the first process and what it waits for, simulator, libvirtd, QEMU");
        Stop();

        Assert.That(Processes(), Is.Zero);
        Assert.That(Directory.Exists(folder), Is.False);
        Assert.That(File.ReadAllText("/proc/self/mounts"), Does.Not.Contain(folder));

        int Processes() => Directory.EnumerateDirectories("/proc").Count(process => new FileInfo(process + "/ns/pid").LinkTarget == space);
    }

    private void Start()
    {
        Lab.Define(Vgpu);
        Lab.Virsh("start", "vgpu").Expected("virsh start");
    }

    private void WaitFor(params string[] operations) =>
        Wait.Until(() => Operations().SequenceEqual(operations), () => string.Join(", ", Operations()) + "\n" + Lab.DaemonLog);

    private string State() => Run("virsh", "domstate", "vgpu").Trim();

    private string[] Operations() => File.ReadAllLines(Path.Combine(Lab.Folder, "log/operations.log"));

    private string Run(params IEnumerable<string> command) => Lab.Run(command).Expected(string.Join(' ', command)).Output.TrimEnd('\n');
}
