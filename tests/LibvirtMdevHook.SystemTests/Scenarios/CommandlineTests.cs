using LibvirtMdevHook.SystemTests.Lab;
using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Scenarios;

/// <summary>Devices that qemu:commandline attaches, which libvirt does not know.</summary>
[TestFixture]
internal sealed class CommandlineTests() : Scenario("m60-mdev.xml", new LabOptions { Configuration = "removal_grace = 0\n" })
{
    private readonly VgpuDomain _domain = new("old", "GRID M60-8Q") { OtherDevices = "<memballoon model='none'/>" };

    [Test]
    public void The_node_is_given_to_the_user_that_QEMU_runs_as()
    {
        Define();
        Start(_domain.Uuid);

        var owner = Run("stat", "-c", "%u:%g", $"/proc/{Lab.Guest(_domain.Name)}");
        Assert.That(owner, Is.Not.EqualTo("0:0"));
        Assert.That(Run("stat", "-c", "%u:%g", $"/dev/vfio/{Group(_domain.Device)}"), Is.EqualTo(owner));
        Assert.That(Effects[^1], Is.EqualTo($"Info start of domain 'old': gave '/dev/vfio/{Group(_domain.Device)}' of '{_domain.Device}' "
            + $"('GRID M60-8Q' on '0000:86:00.0') to {owner}"));
    }

    [Test]
    public void The_node_of_a_device_that_is_not_ours_is_given_back()
    {
        Define();
        Write("sys/bus/pci/devices/0000:86:00.0/mdev_supported_types/nvidia-22/create", $"{_domain.Device}");
        var node = $"/dev/vfio/{Group(_domain.Device)}";
        Start(_domain.Uuid);
        Assert.That(Run("stat", "-c", "%u:%g", node), Is.Not.EqualTo("0:0"));
        Destroy(_domain);
        Wait.Until(() => !HasRecord(_domain) && Run("stat", "-c", "%u:%g", node) == "0:0", () => Lab.HookLog);

        Write($"sys/bus/mdev/devices/{_domain.Device}/remove", "1");
    }

    private void Define() => Lab.Define((_domain with
    {
        More = $"<commandline xmlns='{VgpuDomain.QemuNamespace}'><arg value='-device'/>"
            + $"<arg value='vfio-pci,sysfsdev=/sys/bus/mdev/devices/{_domain.Device},addr=0x10'/></commandline>",
    }).Guest(hostdevs: false));

    private string Run(params IEnumerable<string> command) => Lab.Run(command).Expected(string.Join(' ', command)).Output.Trim();
}
