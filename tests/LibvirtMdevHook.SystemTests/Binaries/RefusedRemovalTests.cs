using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>A driver that refuses to take a device down: it is said in words, tried again, and libvirtd is not kept waiting.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class RefusedRemovalTests
{
    private const string Mdev = "m60-mdev.xml";
    private const string Rfc2016 = "m60-rfc2016.xml";

    [TestCase(Mdev, "remove", "EBUSY", "its driver says that it is in use (EBUSY)")]
    [TestCase(Mdev, "remove", "EAGAIN", "it cannot be removed: Resource temporarily unavailable (EAGAIN); the kernel's log says why")]
    [TestCase(Mdev, "remove", "ENODEV", "it cannot be removed: No such device (ENODEV); the kernel's log says why")]
    [TestCase(Mdev, "remove", "EPERM", "it cannot be removed: Operation not permitted (EPERM); the kernel's log says why")]
    [TestCase(Rfc2016, "mdev_destroy", "EBUSY", "its driver says that it is in use (EBUSY)")]
    [TestCase(Rfc2016, "mdev_destroy", "EINVAL", "it cannot be removed: Invalid argument (EINVAL); the kernel's log says why")]
    [TestCase(Rfc2016, "mdev_destroy", "ENODEV", "it cannot be removed: No such device (ENODEV); the kernel's log says why")]
    [TestCase(Rfc2016, "mdev_destroy", "EIO", "it cannot be removed: Input/output error (EIO); the kernel's log says why")]
    [TestCase(Rfc2016, "online", "EBUSY", "it cannot be brought offline: Device or resource busy (EBUSY)")]
    [TestCase(Rfc2016, "online", "EIO", "it cannot be brought offline: Input/output error (EIO)")]
    public void It_is_tried_again(string hostFile, string file, string errno, string words)
    {
        using var host = new HookedHost(hostFile, "removal_grace = 0");
        var domain = DeclaringDomain.With("win10", 1, "GRID M60-4Q");
        host.Start(domain);
        host.Host.Control($"fault errno={errno} op=write path=**/{file} count=1");

        host.Stop(domain);

        host.IsAsBefore();
        Assert.That(host.Log, Does.Contain($"the device '{domain.Vgpus[0].Uuid}' ('GRID M60-4Q' on '0000:8").And.Contain($"cannot be taken down yet: {words}"));
        Assert.That(host.Writes.Count(w => w.Contains(file, StringComparison.Ordinal) && w.EndsWith(errno, StringComparison.Ordinal)), Is.EqualTo(1));
    }

    [TestCase("EINVAL")]
    [TestCase("ENODEV")]
    public void A_refusal_for_a_device_that_has_gone_meanwhile_is_none(string errno)
    {
        using var host = new HookedHost(Rfc2016);
        var domain = DeclaringDomain.With("win10", 1, "GRID M60-4Q");
        host.Start(domain);
        host.Host.Control($"fault errno={errno} delay=500ms op=write path=**/mdev_destroy");
        var release = host.Begin("release", domain);
        host.Host.WaitForLog(line => line.StartsWith("begin write", StringComparison.Ordinal));

        host.Host.Control($"vanish {domain.Vgpus[0].Uuid}");

        release.End().IsGood();
        host.IsAsBefore();
        Assert.That(host.Log, Does.Not.Contain("cannot be taken down"));
    }
}
