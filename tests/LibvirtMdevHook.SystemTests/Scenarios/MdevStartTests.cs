using LibvirtMdevHook.SystemTests.Lab;
using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Scenarios;

/// <summary>The main job on the mainline kernel's interface, where NVIDIA's driver is given time to remove its devices itself.</summary>
[TestFixture]
internal sealed class MdevStartTests() : Scenario("m60-mdev.xml", new LabOptions { Configuration = "removal_grace = 3\n" })
{
    [Test]
    public void Two_vGPUs_are_created_and_removed()
    {
        var domain = new VgpuDomain("two", "GRID M60-4Q", "nvidia-20");
        string first = $"0000:86:00.0/{domain.Devices[0]}", second = $"0000:87:00.0/{domain.Devices[1]}";
        string[] up =
        [
            $"0000:86:00.0/mdev_supported_types/nvidia-20/create \"{domain.Devices[0]}\" ok",
            $"0000:87:00.0/mdev_supported_types/nvidia-20/create \"{domain.Devices[1]}\" ok",
        ];
        Lab.Host.Control("fault delay=1ms op=open path=dev/vfio/*");
        Start(domain);

        Assert.That(State(domain.Uuid), Is.EqualTo("running"));
        Assert.That(Writes, Is.EqualTo(up));
        Assert.That(Lines.TakeWhile(line => !line.StartsWith("begin open", StringComparison.Ordinal)).Count(), Is.EqualTo(up.Length));

        Destroy(domain);
        Assert.That(Writes, Is.EqualTo(up), "The driver's own time is not over.");
        Assert.That(domain.Devices, Has.All.Matches<Guid>(Exists));
        Assert.That(HasRecord(domain), Is.False);
        NothingMayBeLeft();

        Assert.That(Writes, Is.EqualTo((string[])[.. up, $"{second}/remove \"1\" ok", $"{first}/remove \"1\" ok"]));
    }

    [Test]
    public void A_domain_starts_again_while_its_last_devices_are_left_to_their_driver()
    {
        var domain = new VgpuDomain("hasty", "GRID M60-8Q");
        Start(domain);
        var inode = Inode(domain.Device);
        Destroy(domain);
        Start(domain.Uuid);

        Assert.That(Inode(domain.Device), Is.Not.EqualTo(inode));
    }

    [Test]
    public void A_device_that_its_driver_removes_is_not_removed_twice()
    {
        var domain = new VgpuDomain("self", "GRID M60-8Q");
        Start(domain);
        Destroy(domain);
        Lab.Host.Control($"vanish {domain.Device}");
        NothingMayBeLeft();

        Assert.That(Writes, Has.Length.EqualTo(1).And.All.Contains("/create "));
        Assert.That(Effects[^1], Is.EqualTo(
            $"Info release of domain 'self': found removed already '{domain.Device}' ('GRID M60-8Q' on '0000:86:00.0')"));
    }

    [Test]
    public void A_start_that_fails_before_QEMU_ran_does_not_wait_for_the_driver()
    {
        const string Disk = "<disk type='file'><source file='/none'/><target dev='hda'/></disk>";
        var domain = new VgpuDomain("diskless", "GRID M60-8Q") { OtherDevices = Disk };
        Lab.Define(domain.Guest());

        Assert.That(FailedStart(domain.Uuid), Does.Contain("'/none'"));
        Wait.Until(() => Writes.Length == 2, () => string.Join('\n', Writes));
        Assert.That(Writes.Last(), Is.EqualTo($"0000:86:00.0/{domain.Device}/remove \"1\" ok"));
    }

    [Test]
    public void A_fitting_foreign_device_is_used_and_left()
    {
        var domain = new VgpuDomain("borrower", "GRID M60-8Q");
        Write("sys/bus/pci/devices/0000:87:00.0/mdev_supported_types/nvidia-22/create", $"{domain.Device}");
        var inode = Inode(domain.Device);
        Start(domain);
        Destroy(domain);
        WaitForEffect("left as it was");

        Assert.That(Effects, Is.EqualTo([
            $"Info release of domain 'borrower': left as it was '{domain.Device}' ('GRID M60-8Q' on '0000:87:00.0'), which is not ours"]));
        Assert.That(Inode(domain.Device), Is.EqualTo(inode));
        Write($"sys/bus/mdev/devices/{domain.Device}/remove", "1");
        Assert.That(Writes, Has.Length.EqualTo(2), "Both were ours.");
    }
}
