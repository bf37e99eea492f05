using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>A driver that refuses to remove a device: a message says so, it is tried again, and libvirtd does not wait.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class RefusedRemovalTests
{
    private const string Mdev = "m60-mdev.xml";
    private const string Rfc2016 = "m60-rfc2016.xml";

    [TestCase(Mdev, "remove", "EBUSY", "its driver says that it is in use (EBUSY)")]
    [TestCase(Mdev, "remove", "EAGAIN", "the kernel is still at work on another create or remove of it (EAGAIN)")]
    [TestCase(Mdev, "remove", "ENODEV", "its parent's driver is going (ENODEV)")]
    [TestCase(Mdev, "remove", "EPERM", "its driver says that it is in use (EPERM)")]
    [TestCase(Mdev, "remove", "EIO", "it cannot be removed: Input/output error (EIO); the kernel's log says why")]
    [TestCase(Rfc2016, "mdev_destroy", "EBUSY", "its driver says that it is in use (EBUSY)")]
    [TestCase(Rfc2016, "mdev_destroy", "EINVAL", "its driver does not know it (EINVAL), though it is in sysfs; the kernel's log says why")]
    [TestCase(Rfc2016, "mdev_destroy", "ENODEV", "its driver does not know it (ENODEV), though it is in sysfs; the kernel's log says why")]
    [TestCase(Rfc2016, "mdev_destroy", "EIO", "it cannot be removed: Input/output error (EIO); the kernel's log says why")]
    [TestCase(Rfc2016, "online", "EBUSY", "it cannot be brought offline: Device or resource busy (EBUSY); the kernel's log says why")]
    [TestCase(Rfc2016, "online", "EIO", "it cannot be brought offline: Input/output error (EIO); the kernel's log says why")]
    [TestCase(Rfc2016, "online", "EINVAL", "it cannot be brought offline: its driver has no way to do so (EINVAL)")]
    public void It_is_tried_again(string hostFile, string file, string errno, string words)
    {
        using var host = new HookedHost(hostFile, "removal_grace = 0");
        var domain = DeclaringDomain.With("win10", 1, "GRID M60-4Q");
        host.Start(domain);
        host.Host.Control($"fault errno={errno} op=write path=**/{file} count=1");

        host.Stop(domain);

        host.MustBeAsBefore();
        Assert.That(host.Log,
            Does.Contain($"the device '{domain.Vgpus[0].Uuid}' ('GRID M60-4Q' on '0000:8")
                .And.Contain($"cannot be taken down yet: {words}"));
        Assert.That(host.Writes.Count(w => w.Contains(file, StringComparison.Ordinal) && w.EndsWith(errno, StringComparison.Ordinal)),
            Is.EqualTo(1));
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

        release.End().MustBeGood();
        host.MustBeAsBefore();
        Assert.That(host.Log, Does.Not.Contain("cannot be taken down"));
    }

    /// <summary>Since Linux 5.2 the write succeeds nevertheless.</summary>
    [Test]
    public void A_refusal_that_looks_like_success_is_noticed()
    {
        using var host = new HookedHost(Mdev, "removal_grace = 0");
        var domain = DeclaringDomain.With("win10", 1, "GRID M60-4Q");
        host.Start(domain);
        host.Host.Control("fault ignore op=write path=**/remove count=2");

        host.Stop(domain);

        host.MustBeAsBefore();
        Assert.That(host.Log,
            Does.Contain("the kernel reported success, but the device is still there, as where its driver refuses; "
                + "the kernel's log says why"));
    }

    [TestCase("EPERM")]
    [TestCase("ok")]
    public void A_VF_that_was_cleared_meanwhile_is_none(string clearIdle)
    {
        const string Vf = "0000:41:00.4";
        using var host = new HookedHost("l40s-vf.xml",
            change: text => text.Replace("<rules", $"<rules clear-idle=\"{clearIdle}\"", StringComparison.Ordinal));
        var domain = new DeclaringDomain("win10", Vgpu.Vf(Vf, "NVIDIA L40S-4Q"));
        host.Start(domain);
        host.Host.Control("fault delay=500ms op=write path=**/current_vgpu_type");
        var release = host.Begin("release", domain);
        host.Host.WaitForLog(line => line.StartsWith("begin write", StringComparison.Ordinal));

        host.Host.Control($"clear-vf {Vf}");

        release.End().MustBeGood();
        host.MustBeAsBefore();
        Assert.That(host.Writes[^1], Does.EndWith($"\"0\" {clearIdle}"));
        Assert.That(host.Log, Does.Not.Contain("cannot be taken down"));
    }

    [TestCase(Mdev, "remove", "EBUSY", "its driver says that it is in use (EBUSY)")]
    [TestCase(Rfc2016, "mdev_destroy", "EINVAL", "its driver does not know it (EINVAL)")]
    [TestCase(Rfc2016, "online", "EIO", "it cannot be brought offline: Input/output error (EIO)")]
    public void A_start_and_a_cleanup_report_what_the_driver_says(string hostFile, string file, string errno, string words)
    {
        using var host = new HookedHost(hostFile, "removal_grace = 0\nprepare_deadline = 3");
        var domain = DeclaringDomain.With("win10", 1, "GRID M60-4Q");
        host.Call("prepare", domain).MustBeGood();
        host.Host.Control($"fault errno={errno} op=write path=**/{file}");

        host.Call("prepare", domain)
            .MustBeRefused("'win10'", $"'{domain.Vgpus[0].Uuid}'", "of an earlier run of this domain cannot be removed yet", words);
        foreach (var worker in host.Workers)
            Shell.Run("kill", "-KILL", $"{worker}");
        host.WaitForWorkers();
        var reconcile = host.VirtMdev("reconcile", "--apply");
        Assert.That(reconcile.Status, Is.EqualTo(1), reconcile.Errors);
        Assert.That(reconcile.Output, Does.Contain($"'{domain.Vgpus[0].Uuid}'").And.Contain($"; left alone: {words}"));

        host.Host.Control("clear");
        host.VirtMdev("reconcile", "--apply").Expected("reconcile");
        host.MustBeAsBefore();
    }
}
