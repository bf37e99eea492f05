using LibvirtMdevHook.SystemTests.Lab;
using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>A domain gets its devices when it starts; they are removed when it has ended.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class MainJobTests
{
    [Test]
    public void Two_vGPUs_of_the_2016_proposal_are_created_both_and_then_brought_online_both()
    {
        using var host = new HookedHost("m60-rfc2016.xml");
        var domain = DeclaringDomain.With("win10", 2, "GRID M60-4Q");
        var (first, second) = (domain.Vgpus[0].Uuid, domain.Vgpus[1].Uuid);

        host.Call("prepare", domain).MustBeGood();

        Assert.That(host.Writes, Is.EqualTo(new[]
        {
            $"0000:86:00.0/mdev_create \"{first}:vgpu_type_id=17,vm_uuid={domain.Uuid}\" ok",
            $"0000:87:00.0/mdev_create \"{second}:vgpu_type_id=17,vm_uuid={domain.Uuid}\" ok",
            $"0000:86:00.0/{first}/online \"1\" ok",
            $"0000:87:00.0/{second}/online \"1\" ok",
        }));
        Assert.That(File.ReadAllText(host.Record(domain)), Does.Contain("phase=\"prepared\"").And.Contain($"<name>{first}</name>"));

        var written = host.Writes.Count;
        host.Call("start", domain).MustBeGood();
        host.Call("started", domain).MustBeGood();
        host.Call("stopped", domain).MustBeGood();
        Assert.That(host.Writes, Has.Count.EqualTo(written), "start, started and stopped write nothing to sysfs");

        host.Call("release", domain).MustBeGood();
        host.WaitForWorkers();

        Assert.That(host.Writes.Skip(written), Is.EqualTo(new[]
        {
            $"0000:87:00.0/{second}/online \"0\" ok",
            $"0000:86:00.0/{first}/online \"0\" ok",
            $"0000:87:00.0/mdev_destroy \"{second}:vgpu_type_id=17,vm_uuid={domain.Uuid}\" ok",
            $"0000:86:00.0/mdev_destroy \"{first}:vgpu_type_id=17,vm_uuid={domain.Uuid}\" ok",
        }));
        host.MustBeAsBefore();
    }

    [TestCase("m60-mdev.xml", "GRID M60-4Q", "0000:86:00.0", "nvidia-20")]
    [TestCase("m60-mdev.xml", "nvidia-20", "0000:86:00.0", "nvidia-20")]
    [TestCase("gvtg.xml", "i915-GVTg_V4_4", "0000:00:02.0", "i915-GVTg_V4_4")]
    [TestCase("samples.xml", "Dual port serial", "mtty", "mtty-2")]
    [TestCase("samples.xml", "mdpy-hd", "mdpy", "mdpy-hd")]
    public void The_mainline_interface_is_written_a_uuid_and_then_a_1(string hostFile, string type, string parent, string id)
    {
        using var host = new HookedHost(hostFile, "removal_grace = 0");
        var domain = DeclaringDomain.With("win10", 1, type);
        var uuid = domain.Vgpus[0].Uuid;

        host.Start(domain);
        Assert.That(host.Writes, Is.EqualTo(new[] { $"{parent}/mdev_supported_types/{id}/create \"{uuid}\" ok" }));

        host.Stop(domain);
        host.WaitForWorkers();
        Assert.That(host.Writes.Skip(1), Is.EqualTo(new[] { $"{parent}/{uuid}/remove \"1\" ok" }));
        host.MustBeAsBefore();
    }

    [TestCase("", "")]
    [TestCase("args='color=red,depth=24'", ":color=red,depth=24")]
    public void A_parent_without_types_is_written_the_uuid_and_what_is_declared(string declared, string written)
    {
        using var host = new HookedHost("tableless.xml");
        var domain = new DeclaringDomain("plain", new Vgpu($"parent='0000:05:00.0' {declared}"));
        var uuid = domain.Vgpus[0].Uuid;

        host.Start(domain);
        host.Stop(domain);
        host.WaitForWorkers();

        Assert.That(host.Writes, Is.EqualTo(new[]
        {
            $"0000:05:00.0/mdev_create \"{uuid}{written}\" ok",
            $"0000:05:00.0/{uuid}/online \"1\" ok",
            $"0000:05:00.0/{uuid}/online \"0\" ok",
            $"0000:05:00.0/mdev_destroy \"{uuid}{written}\" ok",
        }));
        host.MustBeAsBefore();
    }

    [Test]
    public void Attributes_are_written_after_the_last_create_in_their_order()
    {
        using var host = new HookedHost("m60-mdev.xml");
        var attrs = "<mdev:attr name='nvidia/vgpu_params' value='frame_rate_limiter=0'/>"
            + "<mdev:attr name='nvidia/vgpu_params' value='disable_vnc=1'/>";
        var domain = new DeclaringDomain("win10", new Vgpu("type='GRID M60-1Q'") { Attrs = attrs }, new Vgpu("type='GRID M60-1Q'"));
        var (first, second) = (domain.Vgpus[0].Uuid, domain.Vgpus[1].Uuid);

        host.Call("prepare", domain).MustBeGood();

        Assert.That(host.Writes, Is.EqualTo(new[]
        {
            $"0000:86:00.0/mdev_supported_types/nvidia-15/create \"{first}\" ok",
            $"0000:87:00.0/mdev_supported_types/nvidia-15/create \"{second}\" ok",
            $"0000:86:00.0/{first}/nvidia/vgpu_params \"frame_rate_limiter=0\\n\" ok",
            $"0000:86:00.0/{first}/nvidia/vgpu_params \"disable_vnc=1\\n\" ok",
        }));
        host.Stop(domain);
        host.MustBeAsBefore();
    }

    [Test]
    public void The_hook_works_by_the_link_that_libvirtd_runs()
    {
        using var folder = new TemporaryFolder();
        var link = Path.Combine(folder.Path, "50-mdev");
        File.CreateSymbolicLink(link, SourceTree.Hook);
        using var host = new HookedHost("m60-rfc2016.xml") { Program = link };
        var domain = DeclaringDomain.With("win10", 1, "GRID M60-4Q");

        host.Start(domain);
        host.Stop(domain);

        host.MustBeAsBefore();
    }

    [Test]
    public void Every_effect_is_one_line_of_the_log()
    {
        using var host = new HookedHost("m60-rfc2016.xml");
        var domain = DeclaringDomain.With("win10", 1, "GRID M60-4Q");
        var device = $"'{domain.Vgpus[0].Uuid}' ('GRID M60-4Q' on '0000:86:00.0')";

        host.Start(domain);
        host.Stop(domain);
        host.WaitForWorkers();

        Assert.That(host.Log.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split("Info  ")[1]), Is.EqualTo(new[]
        {
            $"prepare of domain 'win10': created {device}",
            $"prepare of domain 'win10': brought online {device}",
            $"release of domain 'win10': brought offline {device}",
            $"release of domain 'win10': removed {device}",
        }));
    }
}
