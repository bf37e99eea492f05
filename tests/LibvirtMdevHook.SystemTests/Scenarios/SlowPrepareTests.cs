using LibvirtMdevHook.SystemTests.Lab;
using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Scenarios;

/// <summary>A slow prepare, on a host whose deadline is two seconds.</summary>
[TestFixture]
internal sealed class SlowPrepareTests() : Scenario("m60-rfc2016.xml", new LabOptions { Configuration = "prepare_deadline = 2\n" })
{
    private readonly VgpuDomain _slow = new("slow", "GRID M60-4Q");

    [Test]
    public void Other_domains_start_and_end_meanwhile()
    {
        var plain = new GuestDomain("plain");
        var other = new VgpuDomain("other", "GRID M60-4Q");
        Lab.Define(_slow.Guest());
        Lab.Define(plain);
        File.AppendAllText(Path.Combine(Lab.Folder, "etc-libvirt/mdev-hook.conf"), "prepare_deadline = 60\n");
        Lab.Host.Control("fault hang op=write path=**/mdev_create count=1");
        var start = StartLater(_slow.Uuid);
        WaitForLine("begin write", $"{_slow.Device}");

        Start(other);
        Start(plain.Uuid);
        Assert.That(Exists(other.Device));
        Destroy(plain.Uuid);
        Destroy(other);
        Wait.Until(() => !Exists(other.Device), Lab.Host.State);
        Assert.That(start.IsCompleted, Is.False);

        Lab.Host.Control("clear");
        start.Result.Expected("virsh start");
        Assert.That(Exists(_slow.Device));
    }

    [Test]
    public void It_is_refused_at_its_deadline_and_undone()
    {
        Lab.Define(_slow.Guest());
        Lab.Host.Control("fault delay=4s op=write path=**/mdev_create");
        var sentence = "";
        var time = Time(() => sentence = Refusal(_slow.Uuid));

        Assert.That(sentence, Does.StartWith("domain 'slow': its devices were not ready within 2 s"));
        Assert.That(time, Is.LessThan(TimeSpan.FromSeconds(4)));
        Assert.That(State(_slow.Uuid), Is.EqualTo("shut off"));
        NothingMayBeLeft();
        Assert.That(Writes.Last(), Does.StartWith($"0000:86:00.0/mdev_destroy \"{_slow.Device}:"));
    }
}
