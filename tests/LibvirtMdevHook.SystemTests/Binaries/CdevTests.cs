using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>
/// Devices that a process opens by their cdev: it is seen wherever holders count, also on a kernel that has no nodes of VFIO groups.
/// </summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class CdevTests
{
    private const string Settings = "removal_grace = 0\nprepare_deadline = 5";
    private const string Vf = "0000:41:00.4";

    private static IEnumerable<TestCaseData> Devices() =>
        from hostFile in new[] { "cdevs.xml", "groups-and-cdevs.xml" }
        from vgpu in new[] { new Vgpu("type='GRID M60-4Q'"), new Vgpu("type='GRID M60-8Q'"), Vgpu.Vf(Vf, "NVIDIA L40S-4Q") }
        select new TestCaseData(hostFile, vgpu).SetArgDisplayNames(hostFile, vgpu.Attributes);

    [TestCaseSource(nameof(Devices))]
    public void A_device_is_not_taken_down_while_a_process_has_its_cdev(string hostFile, Vgpu vgpu)
    {
        using var host = Host(hostFile);
        var domain = new DeclaringDomain("win10", vgpu);
        host.Start(domain);
        var writes = host.Writes.Count;
        using (var holder = Hold(host, vgpu))
        {
            Assert.That(host.VirtMdev("list").Output, Does.Contain("held by process ").And.Contain($"{holder}"));
            host.Stop(domain);
            host.Call("prepare", domain).MustBeRefused("'win10'", $"'{vgpu.Id}'", "process ", $"{holder}", " holds it");
            Assert.That(host.Writes.Skip(writes), Is.Empty);
        }

        host.MustBeAsBefore();
    }

    [TestCaseSource(nameof(Devices))]
    public void Nobody_waits_for_a_groups_node_that_does_not_come(string hostFile, Vgpu vgpu)
    {
        using var host = Host(hostFile);
        var domain = new DeclaringDomain("win10", vgpu);

        host.Start(domain);

        Assert.That(host.Log, Does.Not.Contain("has no node"));
        host.Stop(domain);
        host.MustBeAsBefore();
    }

    [TestCaseSource(nameof(Devices))]
    public void Reconcile_leaves_a_device_whose_cdev_a_process_has(string hostFile, Vgpu vgpu)
    {
        using var host = Host(hostFile);
        var domain = new DeclaringDomain("win10", vgpu);
        host.Start(domain);
        var virsh = new RecordedVirsh(host, $"{domain}");
        using (var holder = Hold(host, vgpu))
        {
            Assert.That(virsh.VirtMdev("reconcile", "--apply").Output,
                Does.Contain("left alone: process ").And.Contain($"{holder}").And.Contain(" holds it"));
        }

        Assert.That(virsh.VirtMdev("reconcile", "--apply").Output, Does.Contain("cleaned up"));
        host.MustBeAsBefore();
    }

    [TestCase("cdevs.xml")]
    [TestCase("groups-and-cdevs.xml")]
    public void A_foreign_VF_that_a_process_has_by_its_cdev_is_refused(string hostFile)
    {
        using var host = Host(hostFile);
        var domain = new DeclaringDomain("win10", Vgpu.Vf(Vf, "NVIDIA L40S-4Q"));
        host.Host.Write($"sys/bus/pci/devices/{Vf}/nvidia/current_vgpu_type", "1150");
        using var holder = Hold(host, domain.Vgpus[0]);
        File.WriteAllText(host.InRoot("win10.xml"), $"{domain}");

        host.Call("prepare", domain).MustBeRefused($"'{Vf}'", "not by this hook", "process ", $"{holder}", " holds it");
        Assert.That(host.VirtMdev("plan", host.InRoot("win10.xml")).Output, Does.Contain($"{holder}").And.Contain(" holds it"));
        var arriving = host.Call("migrate", domain);
        Assert.That((arriving.Status, arriving.Output.Contains("function='0x5'", StringComparison.Ordinal)), Is.EqualTo((0, true)),
            "the VF beside it");
    }

    /// <summary>Under the mount option hidepid, and in a container, others' processes are not there.</summary>
    [Test]
    public void Where_proc_does_not_show_all_nothing_is_removed()
    {
        using var host = Host("cdevs.xml");
        var vgpu = Vgpu.Vf(Vf, "NVIDIA L40S-4Q");
        var domain = new DeclaringDomain("win10", vgpu);
        host.Start(domain);
        var writes = host.Writes.Count;
        Directory.Move(host.InRoot("proc/1"), host.InRoot("hidden"));
        var list = host.VirtMdev("list");
        Assert.That(list.Errors, Does.Contain($"'{Vf}': it cannot be told whether a process holds it: "));
        host.Call("stopped", domain).MustBeGood();
        host.Call("release", domain).MustBeGood();
        Wait.Until(() => host.Log.Contains("cannot be told", StringComparison.Ordinal), host.LastOfLog);

        Assert.That(host.Log, Does.Contain("cannot be taken down yet: it cannot be told whether a process holds it: ")
            .And.Contain("does not show all processes of the host"));
        Assert.That(host.Writes.Skip(writes), Is.Empty);
        Directory.Move(host.InRoot("hidden"), host.InRoot("proc/1"));
        host.MustBeAsBefore();
    }

    [TestCase("cdevs.xml", "devices/vfio3")]
    [TestCase("groups-and-cdevs.xml", "3")]
    public void The_node_that_qemu_commandline_opens_is_given_to_QEMU(string hostFile, string node)
    {
        using var host = Host(hostFile);
        var domain = new DeclaringDomain("old", new Vgpu("type='GRID M60-4Q'") { ByCommandline = true })
        {
            More = "<seclabel type='dynamic' model='dac' relabel='yes'><label>+64055:+108</label></seclabel>",
        };

        host.Call("prepare", domain).MustBeGood();
        host.Call("start", domain).MustBeGood();

        Assert.That(host.Log, Does.Contain($"gave '{host.InRoot($"dev/vfio/{node}")}' of '{domain.Vgpus[0].Uuid}'"));
        host.Stop(domain);
        host.MustBeAsBefore();
    }

    /// <summary>
    /// A host with a /proc of its own, which can be read in full: where tests run, not even root may see the files of every process.
    /// </summary>
    private static HookedHost Host(string hostFile)
    {
        var host = new HookedHost(hostFile, Settings);
        File.Delete(host.InRoot("proc"));
        Directory.CreateDirectory(host.InRoot("proc/1/fd"));
        File.WriteAllText(host.InRoot("proc/locks"), "");
        foreach (var link in new[] { "self", "sys" })
            File.CreateSymbolicLink(host.InRoot($"proc/{link}"), $"/proc/{link}");
        return host;
    }

    private static Holder Hold(HookedHost host, Vgpu vgpu)
    {
        var cdev = Path.GetFileName(Directory.GetDirectories(host.InRoot($"{vgpu.Path}/vfio-dev")).Single());
        var holder = new Holder(host.InRoot($"dev/vfio/devices/{cdev}"));
        File.CreateSymbolicLink(host.InRoot($"proc/{holder.Id}"), $"/proc/{holder.Id}");
        return holder;
    }
}
