using LibvirtMdevHook.Simulator.Tree;
using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>Whatever comes late, what belongs to another life of a domain, or to others, is left alone.</summary>
[TestFixture]
internal sealed class LivesTests
{
    [Test]
    public void A_release_that_waited_for_a_hung_prepare_leaves_the_next_start_alone()
    {
        using var host = new HookedHost("m60-mdev.xml", "prepare_deadline = 4\nremoval_grace = 0");
        var domain = DeclaringDomain.With("win10", 1, "GRID M60-4Q");
        host.Host.Control("fault hang op=write path=**/create");
        host.Call("prepare", domain).MustBeRefused("within 4 s");
        host.Call("release", domain).MustBeGood();
        Assert.That(host.Workers, Has.Count.EqualTo(2), "the prepare waits for the kernel, its release for the prepare");

        var next = host.Begin("prepare", domain);
        host.Host.Control("clear");
        next.End().MustBeGood();

        host.WaitForWorkers();
        Assert.That(host.Host.Exists(domain.Vgpus[0].Path), host.LastOfLog);
        Assert.That(File.Exists(host.Record(domain)), host.LastOfLog);
        host.Stop(domain);
        host.MustBeAsBefore();
    }

    [Test]
    public void A_device_that_is_made_before_our_create_survives_the_rollback()
    {
        using var host = new HookedHost("m60-mdev.xml", "prepare_deadline = 1");
        var domain = DeclaringDomain.With("win10", 2, "GRID M60-4Q");
        host.Host.Control("fault hang op=write path=**/create nth=1 count=1");
        host.Call("prepare", domain).MustBeRefused("within 1 s");

        // The same parent and type that the plan has for the second device.
        var create = "sys/class/mdev_bus/0000:87:00.0/mdev_supported_types/nvidia-20/create";
        Assert.That(host.Host.Write(create, $"{domain.Vgpus[1].Uuid}"), Is.EqualTo(Errno.None));
        var inode = host.Host.Inode($"sys/bus/mdev/devices/{domain.Vgpus[1].Uuid}");
        host.Host.Control("clear");
        host.WaitForWorkers();

        Assert.That(host.Host.Exists($"sys/bus/mdev/devices/{domain.Vgpus[0].Uuid}"), Is.False, host.LastOfLog);
        Assert.That(host.Host.Inode($"sys/bus/mdev/devices/{domain.Vgpus[1].Uuid}"), Is.EqualTo(inode), host.LastOfLog);
    }

    [Test]
    public void A_prepare_that_cannot_take_the_earlier_run_down_does_not_forget_it()
    {
        using var host = new HookedHost("m60-mdev.xml", "removal_grace = 0");
        var domain = DeclaringDomain.With("win10", 1, "GRID M60-4Q");
        host.Call("prepare", domain).MustBeGood();
        var devices = host.Host.Tree();
        using (var busy = Shell.Start("flock", host.Removal(domain.Vgpus[0]).Replace(".xml", ".lock", StringComparison.Ordinal), "sh", "-c",
            "echo locked; exec sleep infinity"))
        {
            Assert.That(busy.StandardOutput.ReadLine(), Is.EqualTo("locked"));

            host.Call("prepare", domain)
                .MustBeRefused("'win10'", "another process has the lock of the removal", $"'{domain.Vgpus[0].Uuid}'");

            Assert.That(host.Host.Tree(), Is.EqualTo(devices));
            busy.Kill(entireProcessTree: true);
            busy.WaitForExit();
        }

        host.Stop(domain);
        host.MustBeAsBefore();
    }

    [TestCase("-Infinity")]
    [TestCase("NaN")]
    [TestCase("1e400")]
    public void A_time_that_is_none_never_ends_a_running_guest(string time)
    {
        using var host = new HookedHost("m60-rfc2016.xml");
        var domain = DeclaringDomain.With("win10", 1, "GRID M60-4Q");
        host.Start(domain);
        File.WriteAllText(host.InRoot("etc/libvirt/mdev-hook.conf"),
            $"release_deadline = {time}\nremoval_grace = {time}\nheld_wait = {time}\n");

        host.Call("reconnect", domain).MustBeGood();
        host.Stop(domain);
        host.MustBeAsBefore();
    }
}
