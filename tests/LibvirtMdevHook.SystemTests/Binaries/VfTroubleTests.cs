using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>What NVIDIA's driver refuses at a VF, and what people are told.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class VfTroubleTests
{
    private const string Vf = "0000:41:00.4";
    private const string Type = "sys/bus/pci/devices/" + Vf + "/nvidia/current_vgpu_type";

    [TestCase("EIO", "the driver answers Input/output error (EIO); 'journalctl -u nvidia-vgpu-mgr'")]
    [TestCase("ENOMEM", "the driver answers Cannot allocate memory (ENOMEM); 'journalctl -u nvidia-vgpu-mgr'")]
    [TestCase("EINVAL", "the driver does not take this type here, as another is in use on the GPU or the VF is not ready for it (EINVAL)")]
    [TestCase("ENODEV", "the driver has gone, or does not know the type any more (ENODEV)")]
    [TestCase("ENOSPC", "no instance is left on its GPU (ENOSPC)")]
    [TestCase("EPERM",
        "the driver says that the VF has a type, though its current_vgpu_type reads 0 (EPERM); 'journalctl -u nvidia-vgpu-mgr'")]
    public void A_type_that_the_driver_refuses_is_a_refusal_and_nothing_is_left(string errno, string words)
    {
        using var host = new HookedHost("l40s-vf.xml");
        var domain = Domain();
        host.Host.Control($"fault errno={errno} op=write path=**/current_vgpu_type");

        host.Call("prepare", domain).MustBeRefused("'win10'", $"'{Vf}'", "'NVIDIA L40S-4Q'", words);

        Assert.That(host.Writes, Has.Count.EqualTo(1), "one write, no second try at what the driver has refused");
        host.Stop(domain);
        host.MustBeAsBefore();
    }

    [Test]
    public void A_type_that_was_taken_and_does_not_read_back_is_a_refusal()
    {
        using var host = new HookedHost("l40s-vf.xml", "prepare_deadline = 3");
        var domain = Domain();
        host.Host.Control("fault ignore op=write path=**/current_vgpu_type");

        host.Call("prepare", domain).MustBeRefused($"'{Vf}'", "its type was set, but its current_vgpu_type reads 0");

        host.Host.Control("clear");
        host.Stop(domain);
        host.MustBeAsBefore();
    }

    [TestCase("creatable_vgpu_types", "its creatable_vgpu_types cannot be read: Input/output error (EIO)")]
    [TestCase("current_vgpu_type", "its type cannot be read")]
    public void What_cannot_be_read_is_a_refusal(string file, string words)
    {
        using var host = new HookedHost("l40s-vf.xml");
        var domain = Domain();
        host.Host.Control($"fault errno=EIO op=read path=**/{Vf}/nvidia/{file}");

        host.Call("prepare", domain).MustBeRefused($"'{Vf}'", words);

        host.Host.Control("clear");
        host.Stop(domain);
        host.MustBeAsBefore();
        Assert.That(host.Writes, Is.Empty);
    }

    [TestCase("0000:41:00.0", "it is a PF; declare one of its VFs, such as '0000:41:00.4'")]
    [TestCase("0000:61:00.0", "it is a PF, and its VFs are not enabled; run '/usr/lib/nvidia/sriov-manage -e 0000:61:00.0'")]
    [TestCase("0000:61:00.5", "there is no such PCI device; '0000:61:00.0' is a PF, and its VFs are not enabled; "
        + "run '/usr/lib/nvidia/sriov-manage -e 0000:61:00.0'")]
    [TestCase("0000:99:00.4", "there is no such PCI device")]
    [TestCase("0000:41:01.1", "it is a VF without nvidia/current_vgpu_type, as it has no driver; bind it to NVIDIA's vGPU driver")]
    public void An_address_that_takes_no_type_is_one_sentence_and_changes_nothing(string address, string words)
    {
        using var host = new HookedHost(
            "l40s-vf.xml", change: text =>
                text.Replace("count=\"6\" driver=\"nvidia\"/>", "count=\"6\" driver=\"nvidia\" unbound=\"1\"/>", StringComparison.Ordinal));
        var domain = new DeclaringDomain("win10", Vgpu.Vf(address, "NVIDIA L40S-4Q"));

        host.Call("prepare", domain).MustBeRefused("'win10'", $"'{address}'", words);

        host.Stop(domain);
        host.MustBeAsBefore();
        Assert.That(host.Writes, Is.Empty);
    }

    [Test]
    public void A_managed_VF_is_refused_with_the_reason()
    {
        using var host = new HookedHost("l40s-vf.xml");
        var domain = Domain();

        host.Call("prepare", "win10",
            domain.ToString().Replace("type='pci' managed='no'", "type='pci' managed='yes'", StringComparison.Ordinal))
            .MustBeRefused("managed='yes'", "would unbind the VF", "managed='no'");

        Assert.That(host.Writes, Is.Empty);
    }

    [Test]
    public void A_NUMA_node_that_there_is_not_is_refused_where_it_is_required()
    {
        using var host = new HookedHost("l40s-vf.xml");
        var domain = Domain() with { Rules = "numa='require'", More = "<numatune><memory mode='strict' nodeset='7'/></numatune>" };

        host.Call("prepare", domain).MustBeRefused("'win10'", $"'{Vf}'", "it is on NUMA node 0, the domain on 7, and numa='require'");

        host.Stop(domain);
        host.MustBeAsBefore();
        Assert.That(host.Writes, Is.Empty);
    }

    [TestCase("EPERM")]
    [TestCase("EBUSY")]
    public void A_clear_that_fails_for_some_seconds_is_tried_again_in_the_worker(string errno)
    {
        using var host = new HookedHost("l40s-vf.xml", change: Leaving("2s", errno));
        var domain = Domain();
        host.Start(domain);
        new Holder(host.NodeOf(domain.Vgpus[0])).Dispose();

        var release = host.Call("release", domain).MustBeGood();

        Assert.That(release.Time.TotalSeconds, Is.LessThan(1.5), "libvirtd is not kept waiting");
        Assert.That(host.Host.Read(Type), Is.EqualTo("1150\n"));
        Assert.That(host.VirtMdev("list").Output, Does.Contain("being removed"));
        host.MustBeAsBefore();
        Assert.That(host.Writes, Has.Some.EndsWith($"\"0\" {errno}").And.Some.EndsWith("\"0\" ok"));
        Assert.That(host.Log, Does.Contain($"its driver still works on the end of the guest, or somebody uses it ({errno})"));
    }

    [Test]
    public void The_next_start_waits_for_the_clear()
    {
        using var host = new HookedHost("l40s-vf.xml", change: Leaving("2s", "EPERM"));
        var domain = Domain();
        host.Start(domain);
        new Holder(host.NodeOf(domain.Vgpus[0])).Dispose();
        host.Call("release", domain).MustBeGood();
        var next = new DeclaringDomain("next", Vgpu.Vf(Vf, "NVIDIA L40S-1Q"));

        host.Start(next);

        Assert.That(host.Host.Read(Type), Is.EqualTo("1147\n"));
        host.Stop(next);
        host.MustBeAsBefore();
    }

    [Test]
    public void A_type_hidden_by_a_VF_that_is_being_cleared_is_waited_for()
    {
        using var host = new HookedHost("l40s-vf.xml", change: Leaving("2s", "EPERM"));
        var domain = Domain();
        host.Start(domain);
        new Holder(host.NodeOf(domain.Vgpus[0])).Dispose();
        host.Call("release", domain).MustBeGood();
        var next = new DeclaringDomain("next", Vgpu.Vf("0000:41:00.5", "NVIDIA L40S-48Q"));

        host.Start(next);

        host.Stop(next);
        host.MustBeAsBefore();
    }

    [Test]
    public void A_VF_that_is_held_after_its_domain_is_cleared_when_it_is_let_go()
    {
        using var host = new HookedHost("l40s-vf.xml");
        var domain = Domain();
        host.Start(domain);
        using (var holder = new Holder(host.NodeOf(domain.Vgpus[0])))
        {
            host.Stop(domain);
            Assert.That(host.VirtMdev("list").Output, Does.Contain($"held by process").And.Contain($"{holder}"));
            Assert.That(host.Host.Read(Type), Is.EqualTo("1150\n"));
            Assert.That(host.Writes, Has.Count.EqualTo(1), "a VF that is held is not written to");
        }

        host.MustBeAsBefore();
    }

    [Test]
    public void A_held_VF_of_an_earlier_run_is_a_refusal_that_names_the_process()
    {
        using var host = new HookedHost("l40s-vf.xml", "prepare_deadline = 2");
        var domain = Domain();
        host.Start(domain);
        using (var holder = new Holder(host.NodeOf(domain.Vgpus[0])))
            host.Call("prepare", domain).MustBeRefused($"'{Vf}'", "of an earlier run of this domain cannot be removed yet", $"{holder}");
        host.Stop(domain);
        host.MustBeAsBefore();
    }

    [Test]
    public void A_foreign_VF_that_is_held_is_refused()
    {
        using var host = new HookedHost("l40s-vf.xml");
        host.Host.Write(Type, "1150");
        var domain = Domain();
        using var holder = new Holder(host.NodeOf(domain.Vgpus[0]));

        host.Call("prepare", domain).MustBeRefused($"'{Vf}'", $"{holder} holds it".Split(')')[0]);
    }

    [Test]
    public void The_node_of_a_VF_of_the_commandline_is_given_to_QEMU_and_back()
    {
        using var host = new HookedHost("l40s-vf.xml");
        var domain = new DeclaringDomain("win10", Vgpu.Vf(Vf, "NVIDIA L40S-4Q") with { ByCommandline = true })
        {
            More = "<seclabel type='dynamic' model='dac' relabel='yes'><label>+64055:+64055</label></seclabel>",
        };

        host.Start(domain);
        Assert.That(Shell.Run("stat", "-c", "%u:%g", host.NodeOf(domain.Vgpus[0])).Output.Trim(), Is.EqualTo("64055:64055"));
        host.Stop(domain);

        host.MustBeAsBefore();
    }

    [Test]
    public void The_node_of_a_VF_of_the_commandline_whose_type_went_by_itself_is_given_back()
    {
        using var host = new HookedHost("l40s-vf.xml");
        var domain = new DeclaringDomain("win10", Vgpu.Vf(Vf, "NVIDIA L40S-4Q") with { ByCommandline = true })
        {
            More = "<seclabel type='dynamic' model='dac' relabel='yes'><label>+64055:+64055</label></seclabel>",
        };
        host.Start(domain);
        host.Host.Control($"clear-vf {Vf}");

        host.Stop(domain);

        host.MustBeAsBefore();
        Assert.That(Shell.Run("stat", "-c", "%u:%g", host.NodeOf(domain.Vgpus[0])).Output.Trim(), Is.EqualTo("0:0"));
        Assert.That(host.Log, Does.Contain("found removed already"));
    }

    private static DeclaringDomain Domain() => new("win10", Vgpu.Vf(Vf, "NVIDIA L40S-4Q"));

    private static Func<string, string> Leaving(string time, string errno) =>
        text => text.Replace("<rules one-size=\"yes\"", $"<rules one-size=\"yes\" leaving=\"{time}\" clear-held=\"{errno}\"",
            StringComparison.Ordinal);
}
