using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Scenarios;

/// <summary>libvirtd stops and starts; guests and their devices stay.</summary>
[TestFixture]
internal sealed class DaemonTests() : Scenario("m60-rfc2016.xml")
{
    private readonly VgpuDomain _domain = new("steady", "GRID M60-4Q", "GRID M60-4Q");

    [Test]
    public void A_guest_keeps_its_devices_when_libvirtd_is_restarted()
    {
        Start(_domain);
        MustOutlive(Lab.RestartDaemon);
        Destroy(_domain);
    }

    [Test]
    public void A_guest_keeps_its_devices_when_libvirtd_is_killed()
    {
        Start(_domain);
        MustOutlive(() =>
        {
            Lab.KillDaemon();
            Lab.StartDaemon();
        });
        Destroy(_domain);
    }

    [Test]
    public void What_differs_is_logged_and_the_guest_lives_on()
    {
        Start(_domain);
        Lab.StopDaemon();
        Write($"sys/bus/mdev/devices/{_domain.Devices[0]}/online", "0");
        Lab.StartDaemon();
        WaitForEffect("it is offline");

        Assert.That(State(_domain.Uuid), Is.EqualTo("running"));
        Assert.That(Effects[^1], Does.StartWith("Warn reconnect of domain 'steady': ").And.Contains($"'{_domain.Devices[0]}'"));
        Destroy(_domain);
    }

    [Test]
    public void A_guest_that_ended_while_libvirtd_was_down_leaves_nothing()
    {
        Start(_domain);
        Lab.StopDaemon();
        Lab.KillGuest(_domain.Name);
        Assert.That(HasRecord(_domain));
        Lab.StartDaemon();
        NothingMayBeLeft();

        Assert.That(State(_domain.Uuid), Is.EqualTo("shut off"));
    }

    [Test]
    public void What_a_prepare_without_libvirtd_left_is_gone_after_the_next_start()
    {
        Lab.Define(_domain.Guest());
        Lab.Host.Control("fault delay=1s op=write path=**/mdev_create nth=2 count=1");
        var start = StartLater(_domain.Uuid);
        WaitForLine("begin write", $"{_domain.Devices[1]}");
        Lab.KillDaemon();
        Assert.That(start.Result.Status, Is.Not.Zero);
        Lab.StartDaemon();
        Assert.That(State(_domain.Uuid), Is.EqualTo("shut off"));

        // libvirt calls no release, so its devices come up and stay until the domain is started again.
        WaitForEffect("brought online", 2);
        var inode = Inode(_domain.Devices[0]);
        Start(_domain.Uuid);

        Assert.That(State(_domain.Uuid), Is.EqualTo("running"));
        Assert.That(Inode(_domain.Devices[0]), Is.Not.EqualTo(inode));
        Assert.That(Effects, Has.One.EqualTo("Info prepare of domain 'steady': found a record of an earlier run, taking it down first"));
        Destroy(_domain);
    }

    [Test]
    public void A_start_waits_for_a_prepare_that_a_libvirtd_before_this_one_began()
    {
        Lab.Define(_domain.Guest());
        Lab.Host.Control("fault delay=3s op=write path=**/mdev_create nth=2 count=1");
        var start = StartLater(_domain.Uuid);
        WaitForLine("begin write", $"{_domain.Devices[1]}");
        Lab.KillDaemon();
        Assert.That(start.Result.Status, Is.Not.Zero);
        Lab.StartDaemon();
        Start(_domain.Uuid);

        Assert.That(State(_domain.Uuid), Is.EqualTo("running"));
        Destroy(_domain);
    }

    private void MustOutlive(Action end)
    {
        var guest = Lab.Guest(_domain.Name);
        string[] inodes = [.. _domain.Devices.Select(Inode)];
        var record = File.ReadAllText(RecordFile(_domain));
        end();

        Assert.That(State(_domain.Uuid), Is.EqualTo("running"));
        Assert.That(Lab.Guest(_domain.Name), Is.EqualTo(guest));
        Assert.That(_domain.Devices.Select(Inode), Is.EqualTo(inodes));
        Assert.That(File.ReadAllText(RecordFile(_domain)), Is.EqualTo(record));
    }
}
