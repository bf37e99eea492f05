using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Scenarios;

/// <summary>NVIDIA's driver may remove a device itself when QEMU closes it. It is given time for that, and only for that.</summary>
[TestFixture]
internal sealed class HotPlugGraceTests() : HotPlugScenario("m60-mdev.xml", Grace)
{
    private const int Grace = 6;

    [Test]
    public void A_device_that_QEMU_was_never_told_of_is_taken_back_at_once()
    {
        var domain = StartPlain("untold");
        using var virsh = FaultyVirsh.Failing(Lab, "*metadata*--live*");

        Assert.That(Time(() => Refused(Attach(domain, virsh))).TotalSeconds, Is.LessThan(Grace));
        Assert.That(Exists(Device), Is.False);
    }

    [Test]
    public void A_device_that_QEMU_may_have_opened_is_given_its_time()
    {
        var domain = StartPlain("told");
        using var virsh = FaultyVirsh.Failing(Lab, "*attach-device*--live");

        Assert.That(Time(() => Refused(Attach(domain, virsh))).TotalSeconds, Is.GreaterThanOrEqualTo(Grace));
        Assert.That(Exists(Device), Is.False);
    }
}
