using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>A device of the 2016 proposal that does not come online is a refusal, and all devices are gone afterwards.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class FailedOnlineTests
{
    private readonly DeclaringDomain _domain = DeclaringDomain.With("win10", 2, "GRID M60-2Q");

    [Test]
    public void The_write_fails([Values("EIO", "EINVAL", "ENODEV", "EBUSY", "EAGAIN", "EPERM")] string errno, [Values(1, 2)] int nth)
    {
        using var host = new HookedHost("m60-rfc2016.xml");
        host.Host.Control($"fault errno={errno} op=write path=**/online nth={nth} count=1");

        Refuses(host, nth, errno, "it cannot be brought online: ");
    }

    [TestCase("EIO", "it cannot be brought online: Input/output error (EIO); the kernel's log says why")]
    [TestCase("EINVAL", "it cannot be brought online: its driver has no way to do so (EINVAL)")]
    [TestCase("ENODEV", "it cannot be brought online: it has gone meanwhile (ENODEV)")]
    public void What_the_driver_means_is_said(string errno, string words)
    {
        using var host = new HookedHost("m60-rfc2016.xml");
        host.Host.Control($"fault errno={errno} op=write path=**/online count=1");

        Refuses(host, 1, words);
    }

    [Test]
    public void A_driver_that_cannot_bring_devices_online_is_refused_and_its_device_goes()
    {
        using var host = new HookedHost("m60-rfc2016.xml",
            change: text => text.Replace("<rules", "<rules online=\"none\"", StringComparison.Ordinal));

        Refuses(host, 1, "its driver has no way to bring it online: 'online' reads nothing");

        Assert.That(host.Log, Does.Not.Contain("brought o").And.Not.Contain("cannot be taken down"));
    }

    [Test]
    public void The_write_has_no_effect([Values(1, 2)] int nth)
    {
        using var host = new HookedHost("m60-rfc2016.xml", "prepare_deadline = 6");
        host.Host.Control($"fault ignore op=write path=**/online nth={nth} count=1");

        Refuses(host, nth, "'online' does not read 1");
    }

    [Test]
    public void The_state_cannot_be_read()
    {
        using var host = new HookedHost("m60-rfc2016.xml", "prepare_deadline = 6");
        host.Host.Control("fault errno=EIO op=read path=**/online");

        host.Call("prepare", _domain)
            .MustBeRefused("'win10'", $"'{_domain.Vgpus[0].Uuid}'", "'0000:86:00.0'",
                "its 'online' cannot be read: Input/output error (EIO)");

        host.Host.Control("clear");
        host.MustBeAsBefore();
    }

    [Test]
    public void The_device_vanishes([Values(0, 1)] int which)
    {
        using var host = new HookedHost("m60-rfc2016.xml");
        host.Host.Control($"fault hang op=write path=**/online nth={which + 1} count=1");
        var prepare = host.Begin("prepare", _domain);
        host.Host.WaitForLog(line => line.StartsWith("begin write", StringComparison.Ordinal));
        host.Host.Control($"vanish {_domain.Vgpus[which].Uuid}\nclear");

        prepare.End().MustBeRefused("'win10'", $"'{_domain.Vgpus[which].Uuid}'", "'0000:8", "ENODEV");
        host.MustBeAsBefore();
    }

    private void Refuses(HookedHost host, int nth, params IEnumerable<string> words)
    {
        var (device, parent) = ($"'{_domain.Vgpus[nth - 1].Uuid}'", $"'0000:8{5 + nth}:00.0'");
        host.Call("prepare", _domain).MustBeRefused(["domain 'win10': ", device, parent, .. words]);
        host.MustBeAsBefore();
        host.Stop(_domain);
        host.MustBeAsBefore();
    }
}
