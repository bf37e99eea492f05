using LibvirtMdevHook.SystemTests.Lab;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Scenarios;

/// <summary>What virsh prints when a domain does not start; nothing is left of it.</summary>
[TestFixture]
internal sealed class RefusedStartTests() : Scenario("m60-rfc2016.xml")
{
    [Test]
    public void A_type_that_no_parent_has_is_refused_with_near_misses()
    {
        var domain = new VgpuDomain("wrong", "GRID M60-4Q", "GRID M60-4X");
        Lab.Define(domain.Guest());

        var sentence = $"domain 'wrong': the device '{domain.Devices[1]}' of type 'GRID M60-4X' cannot be had: '0000:86:00.0', "
            + "'0000:87:00.0' have no such type; did you mean 'GRID M60-4Q' or 'GRID M60-0B' or 'GRID M60-0Q'?";
        Assert.That(Refusal(domain.Uuid), Is.EqualTo(sentence));
        Assert.That(Effects, Is.EqualTo([$"Error prepare of domain 'wrong': refused: {sentence}"]));
        Assert.That(Writes, Is.Empty);
    }

    [Test]
    public void What_was_created_is_undone_where_the_next_cannot_be()
    {
        var domain = new VgpuDomain("halfway", "GRID M60-4Q", "GRID M60-4Q");
        Lab.Define(domain.Guest());
        Lab.Host.Control("fault errno=EBUSY op=write path=**/0000:87:00.0/mdev_create");

        Assert.That(Refusal(domain.Uuid), Does.StartWith($"domain 'halfway': the device '{domain.Devices[1]}' ").And.Contains("EBUSY"));
        NothingMayBeLeft();
        Assert.That(Writes[^1], Does.StartWith($"0000:86:00.0/mdev_destroy \"{domain.Devices[0]}:").And.EndsWith(" ok"));
    }

    [Test]
    public void A_device_that_disappears_between_prepare_and_start_is_named()
    {
        var domain = new VgpuDomain("robbed", "GRID M60-4Q");
        Lab.Define(domain.Guest());
        using var robber = new OtherHook(Lab, "60-robber", $"[ $2 != prepare ] || echo vanish {domain.Device} >{Lab.Folder}/host/control");

        // libvirt looks for it before it calls the hook.
        Assert.That(FailedStart(domain.Uuid), Does.Contain($"mediated device '{domain.Device}' not found"));
    }

    [Test]
    public void A_device_that_went_offline_between_prepare_and_start_is_refused_by_us()
    {
        var domain = new VgpuDomain("offline", "GRID M60-4Q");
        Lab.Define(domain.Guest());
        using var other = new OtherHook(Lab, "60-other", $"[ $2 != prepare ] || echo 0 >/sys/bus/mdev/devices/{domain.Device}/online");

        Assert.That(Refusal(domain.Uuid), Is.EqualTo(
            $"domain 'offline': the device '{domain.Device}' ('GRID M60-4Q' on '0000:86:00.0') is not ready: "
            + "it is not online; start the domain again"));
    }

    [Test]
    public void A_start_that_another_hook_refuses_leaves_nothing()
    {
        var domain = new VgpuDomain("unwanted", "GRID M60-4Q");
        Lab.Define(domain.Guest());
        using var other = new OtherHook(Lab, "60-other", "if [ $2 = prepare ]; then echo not today >&2; exit 1; fi");

        Assert.That(FailedStart(domain.Uuid), Does.Contain("not today"));
        NothingMayBeLeft();
        Assert.That(Writes, Has.Length.EqualTo(4));
    }

    [TestCase("<disk type='file'><source file='/none'/><target dev='hda'/></disk>", "", "'/none'")]
    [TestCase("", $"<commandline xmlns='{VgpuDomain.QemuNamespace}'><arg value='-nonsense'/></commandline>", "-nonsense: invalid option")]
    public void A_start_that_fails_later_leaves_nothing(string devices, string more, string reason)
    {
        var domain = new VgpuDomain("unlucky", "GRID M60-4Q", "GRID M60-4Q") { OtherDevices = devices, More = more };
        Lab.Define(domain.Guest());

        Assert.That(FailedStart(domain.Uuid), Does.Contain(reason));
        NothingMayBeLeft();
        Assert.That(Writes, Has.Length.EqualTo(8));
    }

    [Test]
    public void A_native_hostdev_that_is_not_declared_is_left_to_libvirt()
    {
        var stranger = Guid.NewGuid();
        var domain = new VgpuDomain("mixed", "GRID M60-4Q") { OtherDevices = GuestDomain.Hostdev(stranger) };
        Lab.Define(domain.Guest());

        Assert.That(FailedStart(domain.Uuid), Does.Contain($"mediated device '{stranger}' not found"));
        NothingMayBeLeft();
        Assert.That(Writes, Has.Length.EqualTo(4).And.None.Contains($"{stranger}"));
    }

    [Test]
    public void A_foreign_device_whose_type_is_unknown_is_refused()
    {
        var domain = new VgpuDomain("borrower", "GRID M60-4Q");
        Write("sys/bus/pci/devices/0000:87:00.0/mdev_create", $"{domain.Device}:vgpu_type_id=17,vm_uuid={domain.Device}");
        var inode = Inode(domain.Device);
        Lab.Define(domain.Guest());

        Assert.That(Refusal(domain.Uuid), Does
            .Contain("was not made by this hook, and cannot be used: the 2016 interface does not tell its type"));
        Assert.That(Inode(domain.Device), Is.EqualTo(inode));
        Write("sys/bus/pci/devices/0000:87:00.0/mdev_destroy", $"{domain.Device}");
    }
}
