using System.Diagnostics;
using LibvirtMdevHook.Simulator.Tree;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Simulation;

/// <summary>The removal of a held device, in the mainline kernel's dialect.</summary>
[TestFixture]
internal sealed class SimulatedHolderTests
{
    private const string Uuid = "6a2f0d1c-0000-4000-8000-000000000001";
    private const string Gpu = "sys/bus/pci/devices/0000:86:00.0";
    private const string Type = Gpu + "/mdev_supported_types/nvidia-22";
    private const string Device = "sys/bus/mdev/devices/" + Uuid;
    private const string Group = "dev/vfio/1";

    [Test]
    public void Remove_waits_for_the_holder_while_the_device_has_left_sysfs_and_its_uuid_and_instance_are_still_taken()
    {
        using var host = new SimulatedHost("m60-mdev.xml");
        var before = host.Tree();
        host.Write(Type + "/create", Uuid);
        Task<Errno> removal;
        using (new Holder(host.InRoot(Group)))
        {
            removal = host.WriteLater(Device + "/remove", "1");
            host.WaitForLog(line => line.StartsWith("begin write", StringComparison.Ordinal));
            Assert.Multiple(() =>
            {
                Assert.That(removal.IsCompleted, Is.False);
                Assert.That(host.Exists(Device), Is.False);
                Assert.That(host.Exists(Gpu + "/" + Uuid), Is.False);
                Assert.That(host.Exists(Type + "/devices/" + Uuid), Is.False);
                Assert.That(host.Exists(Group), Is.True);
                Assert.That(host.Write(Type + "/create", Uuid), Is.EqualTo(Errno.EEXIST));
                Assert.That(host.Read(Type + "/available_instances"), Is.EqualTo("0\n"));
                Assert.That(host.State(), Does.Contain("held leaving"));
                Assert.That(host.Write(Device + "/remove", "1"), Is.EqualTo(Errno.ENOENT));
            });
        }

        Assert.That(removal.Result, Is.EqualTo(Errno.None));
        Assert.That(host.Tree(), Is.EqualTo(before));
        Assert.That(host.Log()[^1], Is.EqualTo($"write sys/devices/pci0000:80/0000:80:02.0/0000:86:00.0/{Uuid}/remove \"1\" ok"));
    }

    [Test]
    public void A_killed_writer_stays_until_the_removal_has_ended_and_the_simulator_goes_on()
    {
        using var host = new SimulatedHost("m60-mdev.xml");
        host.Write(Type + "/create", Uuid);
        using var writer = new Process();
        using (new Holder(host.InRoot(Group)))
        {
            writer.StartInfo = new ProcessStartInfo("sh", ["-c", $"echo 1 > {host.InRoot(Device)}/remove"]);
            writer.Start();
            host.WaitForLog(line => line.StartsWith("begin write", StringComparison.Ordinal));
            writer.Kill();
            Assert.That(writer.WaitForExit(200), Is.False, "SIGKILL does not end it");
            Assert.That(host.Read(Type + "/available_instances"), Is.EqualTo("0\n"));
        }

        Assert.That(writer.WaitForExit(10_000), Is.True);
        Assert.That(host.Read(Type + "/available_instances"), Is.EqualTo("1\n"));
    }

    [Test]
    public void A_process_that_keeps_others_out_removes_the_device_without_waiting_for_itself()
    {
        using var host = new SimulatedHost("m60-mdev.xml");
        var before = host.Tree();
        host.Write(Type + "/create", Uuid);
        using (RawFile.Open(host.InRoot(Group), RawFile.ReadWrite))
        {
            Assert.That(host.Write(Device + "/remove", "1"), Is.EqualTo(Errno.None));
            Assert.That(host.Tree(), Is.EqualTo(before));
            Assert.That(host.Write(Type + "/create", Uuid), Is.EqualTo(Errno.None));
        }

        Assert.That(host.Exists(Device), Is.True, "the device that was made since");
    }

    [Test]
    public void Old_kernels_refuse_and_the_device_stays()
    {
        using var host = new SimulatedHost("gvtg.xml");
        host.Write("sys/class/mdev_bus/0000:00:02.0/mdev_supported_types/i915-GVTg_V4_4/create", Uuid);
        using (new Holder(host.InRoot(Group)))
        {
            Assert.That(host.Write(Device + "/remove", "1"), Is.EqualTo(Errno.EBUSY));
            Assert.That(host.Exists(Device), Is.True);
        }

        Assert.That(host.Write(Device + "/remove", "1"), Is.EqualTo(Errno.None));
        Assert.That(host.Exists(Device), Is.False);
    }

    [Test]
    public void A_driver_can_remove_a_device_itself_some_time_after_it_was_let_go()
    {
        using var host = new SimulatedHost(
            "m60-mdev.xml", text => text.Replace("<rules", "<rules self-remove=\"300ms\"", StringComparison.Ordinal));
        host.Write(Type + "/create", Uuid);
        new Holder(host.InRoot(Group)).Dispose();
        var closed = Stopwatch.GetTimestamp();
        Wait.Until(() => !host.Exists(Device), host.State);
        Assert.That(Stopwatch.GetElapsedTime(closed).TotalMilliseconds, Is.GreaterThan(250));
        Assert.That(host.Exists(Group), Is.False);
        Assert.That(host.Log().Where(line => line.Contains("remove", StringComparison.Ordinal)), Is.Empty);
    }

    [Test]
    public void A_device_that_was_never_held_is_not_removed_by_its_driver()
    {
        using var host = new SimulatedHost(
            "m60-mdev.xml", text => text.Replace("<rules", "<rules self-remove=\"1ms\"", StringComparison.Ordinal));
        host.Write(Type + "/create", Uuid);
        Assert.That(host.Exists(Device), Is.True);
        Assert.That(host.Write(Device + "/remove", "1"), Is.EqualTo(Errno.None));
    }
}
