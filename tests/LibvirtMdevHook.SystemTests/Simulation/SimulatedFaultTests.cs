using System.Diagnostics;
using LibvirtMdevHook.Simulator.Tree;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Simulation;

/// <summary>Things that go wrong on demand.</summary>
[TestFixture]
internal sealed class SimulatedFaultTests
{
    private const string Gpu = "sys/bus/pci/devices/0000:86:00.0";
    private const string Domain = "11111111-2222-3333-4444-555555555555";
    private const string CreatePath = "sys/devices/pci0000:80/0000:80:02.0/0000:86:00.0/mdev_create";

    [Test]
    public void An_errno_comes_at_the_nth_write_so_often_and_the_action_does_not_happen()
    {
        using var host = new SimulatedHost("m60-rfc2016.xml");
        host.Control("fault errno=EIO op=write path=sys/devices/**/0000:86:00.0/mdev_create nth=2 count=1");
        Assert.Multiple(() =>
        {
            Assert.That(Create(host, 1, 12), Is.EqualTo(Errno.None));
            Assert.That(Create(host, 2, 12), Is.EqualTo(Errno.EIO));
            Assert.That(host.Exists("sys/bus/mdev/devices/" + Uuid(2)), Is.False);
            Assert.That(Create(host, 3, 12), Is.EqualTo(Errno.None));
            Assert.That(host.Log()[1], Is.EqualTo($"write {CreatePath} \"{Uuid(2)}:vgpu_type_id=12,vm_uuid={Domain}\" EIO"));
        });
    }

    [Test]
    public void Reads_and_opens_can_fail_too()
    {
        using var host = new SimulatedHost("m60-rfc2016.xml");
        host.Control("fault errno=EAGAIN op=read path=**/mdev_supported_types count=1\nfault errno=ENXIO op=open path=**/vendor");
        using var table = RawFile.Open(host.InRoot(Gpu + "/mdev_supported_types"), RawFile.ReadOnly);
        Assert.Multiple(() =>
        {
            Assert.That(table.Read(out _), Is.EqualTo(Errno.EAGAIN));
            Assert.That(table.Read(out var text), Is.EqualTo(Errno.None));
            Assert.That(text, Does.StartWith("# vgpu_type_id"));
            Assert.That(RawFile.TryOpen(host.InRoot(Gpu + "/vendor"), RawFile.ReadOnly, out _), Is.EqualTo(Errno.ENXIO));
            Assert.That(host.Log(), Is.EqualTo(new[]
            {
                $"read {CreatePath.Replace("mdev_create", "mdev_supported_types", StringComparison.Ordinal)} EAGAIN",
                $"open {CreatePath.Replace("mdev_create", "vendor", StringComparison.Ordinal)} ENXIO",
            }));
        });
    }

    [Test]
    public void The_node_of_a_group_can_be_refused()
    {
        using var host = new SimulatedHost("m60-rfc2016.xml");
        Create(host, 1, 12);
        host.Control("fault errno=EACCES op=open path=dev/vfio/1");
        Assert.That(RawFile.TryOpen(host.InRoot("dev/vfio/1"), RawFile.ReadWrite, out _), Is.EqualTo(Errno.EACCES));
        Assert.That(host.Log()[^1], Is.EqualTo("open dev/vfio/1 EACCES"));
        host.Control("clear");
        using var node = RawFile.Open(host.InRoot("dev/vfio/1"), RawFile.ReadWrite);
    }

    [Test]
    public void A_fault_can_be_for_one_user()
    {
        const int Nobody = 65534;
        using var host = new SimulatedHost("m60-rfc2016.xml");
        host.Control($"fault errno=EACCES op=open path=**/vendor user={Nobody}");

        // Nobody may not come from the root to here.
        const string Cat = "cd \"$0\" && cat device vendor && setpriv --reuid \"$1\" cat device vendor";
        var (_, output) = Shell.Run("sh", "-c", Cat, host.InRoot(Gpu), $"{Nobody}");
        Assert.That(output, Is.EqualTo("0x13f2\n0x10de\n0x13f2\ncat: vendor: Permission denied\n"));
    }

    [Test]
    public void A_delayed_write_happens_afterwards()
    {
        using var host = new SimulatedHost("m60-rfc2016.xml");
        host.Control("fault delay=300ms op=write path=**/mdev_create");
        var start = Stopwatch.GetTimestamp();
        Assert.That(Create(host, 1, 12), Is.EqualTo(Errno.None));
        Assert.Multiple(() =>
        {
            Assert.That(Stopwatch.GetElapsedTime(start).TotalMilliseconds, Is.GreaterThan(250));
            Assert.That(host.Exists("sys/bus/mdev/devices/" + Uuid(1)), Is.True);
            Assert.That(host.Log(), Is.EqualTo(new[]
            {
                $"begin write {CreatePath} \"{Arguments(1, 12)}\"",
                $"write {CreatePath} \"{Arguments(1, 12)}\" ok",
            }));
        });
    }

    [Test]
    public void A_write_that_hangs_holds_up_no_other_not_even_at_the_same_file()
    {
        using var host = new SimulatedHost("m60-rfc2016.xml");
        host.Control("fault hang op=write path=**/mdev_create count=1");
        var first = host.WriteLater(Gpu + "/mdev_create", Arguments(1, 12));
        host.WaitForLog(line => line.StartsWith("begin write", StringComparison.Ordinal));
        Assert.Multiple(() =>
        {
            Assert.That(host.WriteLater(Gpu + "/mdev_create", Arguments(2, 12)).Wait(10_000), Is.True);
            Assert.That(host.Exists("sys/bus/mdev/devices/" + Uuid(2)), Is.True);
            Assert.That(host.Exists("sys/bus/mdev/devices/" + Uuid(1)), Is.False);
        });
        host.Control("clear");
        Assert.That(first.Result, Is.EqualTo(Errno.None));
        Assert.That(host.Exists("sys/bus/mdev/devices/" + Uuid(1)), Is.True);
    }

    [Test]
    public void A_delay_can_end_in_an_errno()
    {
        using var host = new SimulatedHost("m60-rfc2016.xml");
        host.Control("fault delay=50ms errno=ENOMEM op=write path=**/mdev_create");
        Assert.That(Create(host, 1, 12), Is.EqualTo(Errno.ENOMEM));
        Assert.That(host.Exists("sys/bus/mdev/devices/" + Uuid(1)), Is.False);
    }

    [TestCase("write")]
    [TestCase("read")]
    [TestCase("open")]
    public void What_hangs_goes_on_when_the_faults_are_cleared(string verb)
    {
        using var host = new SimulatedHost("m60-rfc2016.xml");
        Create(host, 1, 12);
        host.Control($"fault hang op={verb} path=**/online");
        var online = host.InRoot($"sys/bus/mdev/devices/{Uuid(1)}/online");
        var waiting = Task.Run(() => verb == "write" ? $"{RawFile.Write(online, "1")}" : File.ReadAllText(online));
        host.WaitForLog(line => line.StartsWith("begin " + verb, StringComparison.Ordinal));
        Assert.Multiple(() =>
        {
            Assert.That(waiting.IsCompleted, Is.False);
            Assert.That(host.State(), Does.Contain("hangs "));
            Assert.That(Create(host, 2, 12), Is.EqualTo(Errno.None));
        });
        host.Control("clear");
        Assert.That(waiting.Result, Is.EqualTo(verb == "write" ? "None" : "0\n"));
        Assert.That(host.State(), Does.Not.Contain("hangs").And.Not.Contain("fault"));
    }

    [Test]
    public void Twenty_writes_can_hang_at_once()
    {
        using var host = new SimulatedHost("m60-rfc2016.xml");
        host.Control("fault hang op=write path=**/mdev_create");
        var writes = Enumerable.Range(1, 20).Select(n => host.WriteLater(Gpu + "/mdev_create", Arguments(n, 12))).ToArray();
        Wait.Until(() => host.Log().Count == writes.Length, host.State);
        Assert.That(host.Read(Gpu + "/vendor"), Is.EqualTo("0x10de\n"));
        host.Control("clear");
        Assert.That(writes.Count(write => write.Result == Errno.None), Is.EqualTo(16), "as many as fit");
        Assert.That(writes.Count(write => write.Result == Errno.ENOSPC), Is.EqualTo(4));
    }

    [Test]
    public void A_killed_client_of_a_write_that_hangs_does_not_take_the_simulator_down()
    {
        using var host = new SimulatedHost("m60-rfc2016.xml");
        host.Control("fault hang op=write path=**/mdev_create");
        using var client = Shell.Start("sh", "-c", $"printf %s {Arguments(1, 12)} > {host.InRoot(Gpu)}/mdev_create");
        host.WaitForLog(line => line.StartsWith("begin write", StringComparison.Ordinal));
        client.Kill();
        Assert.That(host.Read(Gpu + "/vendor"), Is.EqualTo("0x10de\n"));
        host.Control("clear");
        Assert.That(client.WaitForExit(10_000), Is.True);
    }

    [Test]
    public void An_ignored_write_succeeds_and_does_nothing()
    {
        using var host = new SimulatedHost("m60-rfc2016.xml");
        Create(host, 1, 12);
        var online = $"sys/bus/mdev/devices/{Uuid(1)}/online";
        host.Control("fault ignore op=write path=**/online");
        Assert.Multiple(() =>
        {
            Assert.That(host.Write(online, "1"), Is.EqualTo(Errno.None));
            Assert.That(host.Read(online), Is.EqualTo("0\n"));
            Assert.That(host.Log()[^1], Does.EndWith("/online \"1\" ignored"));
        });
    }

    [Test]
    public void A_star_stays_within_a_name()
    {
        using var host = new SimulatedHost("m60-rfc2016.xml");
        host.Control("fault errno=EIO op=write path=sys/devices/*/mdev_create");
        Assert.That(Create(host, 1, 12), Is.EqualTo(Errno.None));
        host.Control("fault errno=EIO op=write path=sys/devices/pci*/0000:8*/*:86:00.0/mdev_create");
        Assert.That(Create(host, 2, 12), Is.EqualTo(Errno.EIO));
    }

    private static string Uuid(int n) => $"6a2f0d1c-0000-4000-8000-{n:x12}";

    private static string Arguments(int n, int type) => $"{Uuid(n)}:vgpu_type_id={type},vm_uuid={Domain}";

    private static Errno Create(SimulatedHost host, int n, int type) => host.Write(Gpu + "/mdev_create", Arguments(n, type));
}
