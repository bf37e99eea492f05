using LibvirtMdevHook.SystemTests.Lab;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Scenarios;

/// <summary>Two domains with the uuid of one device: libvirt calls stopped and release also for the domain that loses.</summary>
[TestFixture]
internal sealed class SharedUuidTests() : Scenario("m60-rfc2016.xml")
{
    private readonly VgpuDomain _winner = new("winner", "GRID M60-4Q");
    private string _inode = "";

    [SetUp]
    public void StartTheWinner()
    {
        Start(_winner);
        _inode = Inode(_winner.Device);
    }

    [Test]
    public void The_other_domain_is_refused_by_the_name_of_the_first()
    {
        var loser = new VgpuDomain("loser", "GRID M60-4Q") { Devices = _winner.Devices };
        Lab.Define(loser.Guest());

        Assert.That(Refusal(loser.Uuid), Does
            .StartWith($"domain 'loser': the device '{_winner.Device}' of type 'GRID M60-4Q' cannot be had: ")
            .And.Contains($"it belongs to the domain 'winner' ({_winner.Uuid})"));
        TheWinnerMustKeepItsDevice();
    }

    [Test]
    public void Another_domain_without_a_declaration_is_refused_by_libvirt()
    {
        var loser = new GuestDomain("loser") { Devices = GuestDomain.Hostdev(_winner.Device) };
        Lab.Define(loser);

        Assert.That(FailedStart(loser.Uuid), Does.Contain("is in use by driver QEMU, domain winner"));
        TheWinnerMustKeepItsDevice();
    }

    [Test]
    public void Another_domain_that_declares_only_its_other_device_loses_that_again()
    {
        var loser = new VgpuDomain("loser", "GRID M60-4Q") { OtherDevices = GuestDomain.Hostdev(_winner.Device) };
        Lab.Define(loser.Guest());

        Assert.That(FailedStart(loser.Uuid), Does.Contain("is in use by driver QEMU, domain winner"));
        TheWinnerMustKeepItsDevice();
        Assert.That(Exists(loser.Device), Is.False);
    }

    private void TheWinnerMustKeepItsDevice()
    {
        Assert.That(State(_winner.Uuid), Is.EqualTo("running"));
        Assert.That(Inode(_winner.Device), Is.EqualTo(_inode));
        Assert.That(Writes, Has.None.Contains($"mdev_destroy \"{_winner.Device}").And.None.Contains($"{_winner.Device}/online \"0\""));
        Assert.That(HasRecord(_winner));
    }
}
