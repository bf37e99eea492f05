using LibvirtMdevHook.SystemTests.Lab;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>
/// A device that qemu:commandline attaches: libvirt does not know it, so the hook gives its node to QEMU's user at start.
/// </summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class CommandlineNodeTests
{
    private const string Dac = "<seclabel type='dynamic' model='dac' relabel='yes'><label>+64055:+108</label></seclabel>";

    [Test]
    public void The_node_is_given_to_the_user_of_the_dac_label()
    {
        using var host = new HookedHost("m60-rfc2016.xml");
        var domain = new DeclaringDomain("old", new Vgpu("type='GRID M60-4Q'") { ByCommandline = true }, new Vgpu("type='GRID M60-4Q'"));

        host.Call("prepare", domain).MustBeGood();
        Assert.That(Node(host, 1), Is.EqualTo("0:0"));
        host.Call("start", domain with { More = Dac }).MustBeGood();

        Assert.That(Node(host, 1), Is.EqualTo("64055:108"));
        Assert.That(Node(host, 2), Is.EqualTo("0:0"), "that of the native hostdev, which libvirt labels");
        host.Stop(domain);
        host.MustBeAsBefore();
    }

    [Test]
    public void The_node_of_a_foreign_device_is_given_back()
    {
        using var host = new HookedHost("m60-mdev.xml", "removal_grace = 0");
        var domain = new DeclaringDomain("old", new Vgpu("type='GRID M60-4Q'") { ByCommandline = true });
        host.Host.Write("sys/class/mdev_bus/0000:86:00.0/mdev_supported_types/nvidia-20/create", $"{domain.Vgpus[0].Uuid}");
        Command.Run("chown", "12:34", host.InRoot("dev/vfio/1")).Expected("chown");
        var before = host.Host.Tree();

        host.Call("prepare", domain).MustBeGood();
        host.Call("start", domain with { More = Dac }).MustBeGood();
        Assert.That(Node(host, 1), Is.EqualTo("64055:108"));
        host.Stop(domain);
        host.WaitForWorkers();

        Assert.That(host.Host.Tree(), Is.EqualTo(before));
    }

    [Test]
    public void Start_twice_still_knows_whose_the_node_was()
    {
        using var host = new HookedHost("m60-mdev.xml", "removal_grace = 0");
        var domain = new DeclaringDomain("old", new Vgpu("type='GRID M60-4Q'") { ByCommandline = true });
        host.Host.Write("sys/class/mdev_bus/0000:86:00.0/mdev_supported_types/nvidia-20/create", $"{domain.Vgpus[0].Uuid}");
        var before = host.Host.Tree();

        host.Call("prepare", domain).MustBeGood();
        host.Call("start", domain with { More = Dac }).MustBeGood();
        host.Call("start", domain with { More = Dac }).MustBeGood();
        host.Stop(domain);
        host.WaitForWorkers();

        Assert.That(host.Host.Tree(), Is.EqualTo(before));
    }

    [Test]
    public void Without_a_dac_label_the_node_stays_as_it_is()
    {
        using var host = new HookedHost("m60-rfc2016.xml");
        var domain = new DeclaringDomain("old", new Vgpu("type='GRID M60-4Q'") { ByCommandline = true });

        host.Call("prepare", domain).MustBeGood();
        host.Call("start", domain).MustBeGood();

        Assert.That(Node(host, 1), Is.EqualTo("0:0"));
        Assert.That(host.Log, Does.Contain("the domain has no dac seclabel"));
        host.Stop(domain);
        host.MustBeAsBefore();
    }

    [Test]
    public void XML_that_cannot_be_read_at_start_is_a_refusal()
    {
        using var host = new HookedHost("m60-rfc2016.xml");
        var domain = new DeclaringDomain("old", new Vgpu("type='GRID M60-4Q'") { ByCommandline = true });
        host.Call("prepare", domain).MustBeGood();

        var torn = domain.ToString().Replace("</devices>", "", StringComparison.Ordinal);
        host.Call("start", "old", torn).MustBeRefused("'old'", "not well-formed");

        host.Stop(domain);
        host.MustBeAsBefore();
    }

    private static string Node(HookedHost host, int group) =>
        Command.Run("stat", "-c", "%u:%g", host.InRoot($"dev/vfio/{group}")).Expected("stat").Output.Trim();
}
