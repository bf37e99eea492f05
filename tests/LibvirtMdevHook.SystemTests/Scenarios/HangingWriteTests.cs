using LibvirtMdevHook.SystemTests.Lab;
using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Scenarios;

/// <summary>The kernel does not answer when devices are removed: only our worker waits for it.</summary>
/// <param name="hostFile">The host.</param>
/// <param name="attribute">The attribute whose writes hang.</param>
[TestFixture("m60-rfc2016.xml", "online")]
[TestFixture("m60-rfc2016.xml", "mdev_destroy")]
[TestFixture("m60-mdev.xml", "remove")]
internal sealed class HangingWriteTests(string hostFile, string attribute)
    : Scenario(hostFile, new LabOptions { Configuration = "removal_grace = 0\n" })
{
    private static readonly TimeSpan Quickly = TimeSpan.FromSeconds(3);

    [Test]
    public void Libvirtd_goes_on_and_the_device_goes_when_it_can()
    {
        var domain = new VgpuDomain("stuck", "GRID M60-8Q");
        var other = new VgpuDomain("other", "GRID M60-8Q");
        Start(domain);
        Lab.Host.Control($"fault hang op=write path=**/{attribute} count=1");
        Assert.That(Time(() => Destroy(domain)), Is.LessThan(Quickly));
        Assert.That(Time(() => Lab.Virsh("list", "--all").Expected("virsh list")), Is.LessThan(Quickly));

        Assert.That(State(domain.Uuid), Is.EqualTo("shut off"));
        Assert.That(HasRecord(domain), Is.False);
        WaitForEffect("the kernel does not answer");
        Assert.That(VirtMdev("list"), Does.Contain($"{domain.Device}"));

        Start(other);
        Lab.RestartDaemon();
        Destroy(other);
        Wait.Until(() => !Exists(other.Device), Lab.Host.State);
        Assert.That(Exists(domain.Device));

        Lab.Host.Control("clear");
        NothingMayBeLeft();
    }
}
