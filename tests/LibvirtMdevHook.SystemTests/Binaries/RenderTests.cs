using LibvirtMdevHook.SystemTests.Lab;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>render picks free VFs of this host; its output is valid for libvirt's schema and for prepare.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class RenderTests
{
    private const string Shorthand = "<hostdev mode='subsystem' type='pci' managed='no' mdev:type='NVIDIA L40S-4Q'/>";

    [Test]
    public void Each_shorthand_gets_a_free_VF_and_prepare_takes_what_comes_out()
    {
        using var host = new HookedHost("l40s-vf.xml");
        host.Host.Write("sys/bus/pci/devices/0000:41:00.4/nvidia/current_vgpu_type", "1150");
        var before = host.Host.Tree();
        var attr = Shorthand.Replace("/>", " mdev:parent='0000:41:00.0'><mdev:attr name='nvidia/vgpu_params' value='x=1'/></hostdev>",
            StringComparison.Ordinal);

        var render = Render(host, Shorthand + attr);

        Assert.That(render.Status, Is.Zero, render.Errors);
        Assert.That(render.Output, Does.Contain("<hostdev address=\"0000:41:00.5\" type=\"NVIDIA L40S-4Q\" />"
            + "<hostdev address=\"0000:41:00.6\" type=\"NVIDIA L40S-4Q\" parent=\"0000:41:00.0\">"
            + "<attr name=\"nvidia/vgpu_params\" value=\"x=1\" /></hostdev>"));
        Assert.That(render.Output, Does.Contain("<hostdev mode='subsystem' type='pci' managed='no'><source>"
            + "<address domain='0x0000' bus='0x41' slot='0x00' function='0x5'/></source></hostdev>").And.Not.Contain("ffff"));
        Assert.That(host.Host.Tree(), Is.EqualTo(before));
        MustBeValid(host, render);
        host.VirtMdev("check", host.InRoot("rendered.xml")).Expected("check");
        host.Call("prepare", "short", render.Output).MustBeGood();
        host.Call("release", "short", render.Output).MustBeGood();
        host.WaitForWorkers();
        Assert.That(host.Host.Tree(), Is.EqualTo(before));
    }

    [Test]
    public void A_VF_that_the_domain_has_is_not_picked()
    {
        using var host = new HookedHost("l40s-vf.xml");
        const string There = "<hostdev mode='subsystem' type='pci' managed='no'><source>"
            + "<address domain='0x0000' bus='0x41' slot='0x00' function='0x4'/></source></hostdev>";

        Assert.That(Render(host, Shorthand + There).Output, Does.Contain("<hostdev address=\"0000:41:00.5\" "));
    }

    [TestCase("NVIDIA L40S-9Q", "did you mean 'NVIDIA L40S-1Q' or 'NVIDIA L40S-4Q'")]
    [TestCase("NVIDIA L40S-4Q' mdev:parent='0000:61:00.0", "which is not declared as its parent")]
    public void Where_no_VF_fits_the_candidates_are_listed(string type, string words)
    {
        using var host = new HookedHost("l40s-vf.xml");

        var render = Render(host, Shorthand.Replace("NVIDIA L40S-4Q", type, StringComparison.Ordinal));

        Assert.That((render.Status, render.Output), Is.EqualTo((1, "")));
        Assert.That(render.Errors,
            Does.StartWith($"virt-mdev: domain 'short': a VF of type '{type.Split('\'')[0]}' cannot be had: ").And.Contain(words)
                .And.Not.Contain("ffff"));
    }

    [TestCase("vfio_ap-passthrough", "vfio-ap")]
    [TestCase("I/O subchannel (Non-QDIO)", "vfio-ccw")]
    [TestCase("GRID M60-4Q", "vfio-pci", Description = "for another host")]
    public void The_model_of_a_mediated_device_is_that_of_its_type(string type, string model)
    {
        using var host = new HookedHost("s390.xml");

        var render = Render(host, $"<hostdev mode='subsystem' type='mdev' mdev:type='{type}'/>");

        Assert.That(render.Status, Is.Zero, render.Errors);
        Assert.That(render.Output, Does.Contain($" model='{model}'"));
        MustBeValid(host, render);
        if (model != "vfio-pci")
            host.Call("prepare", "short", render.Output).MustBeGood();
    }

    [Test]
    public void A_display_is_neither_carried_to_a_VF_nor_dropped()
    {
        using var host = new HookedHost("l40s-vf.xml");

        var render = Render(host, Shorthand.Replace("managed='no'", "managed='no' display='on' ramfb='on'", StringComparison.Ordinal));

        Assert.That((render.Status, render.Output), Is.EqualTo((1, "")));
        Assert.That(render.Errors, Does.Contain(
            "the hostdev of the VF of type 'NVIDIA L40S-4Q' has display='on' ramfb='on', "
            + "which libvirt takes on the hostdev of a mediated device alone; leave that out"));
    }

    [TestCase("display='on' ramfb='on'")]
    [TestCase("model='vfio-pci'")]
    public void The_schema_of_libvirt_has_them_for_mediated_devices_alone(string attributes)
    {
        using var host = new HookedHost("l40s-vf.xml");
        var render = Render(host, Shorthand);
        MustBeValid(host, render);

        File.WriteAllText(host.InRoot("rendered.xml"),
            render.Output.Replace("managed='no'", $"managed='no' {attributes}", StringComparison.Ordinal));

        Assert.That(Validate(host).Status, Is.Not.Zero);
    }

    private static void MustBeValid(HookedHost host, Outcome render)
    {
        File.WriteAllText(host.InRoot("rendered.xml"), render.Output);
        Validate(host).Expected("xmllint");
    }

    private static Outcome Validate(HookedHost host) =>
        Command.Run("xmllint", "--noout", "--relaxng", "/usr/share/libvirt/schemas/domain.rng", host.InRoot("rendered.xml"));

    private static Outcome Render(HookedHost host, string hostdevs)
    {
        var file = host.InRoot("short.xml");
        File.WriteAllText(file, $"""
            <domain type='kvm' xmlns:mdev='urn:libvirt-mdev-hook:1'>
              <name>short</name>
              <uuid>{Guid.NewGuid()}</uuid>
              <memory unit='MiB'>32</memory>
              <os><type arch='x86_64' machine='pc'>hvm</type></os>
              <devices>{hostdevs}</devices>
            </domain>

            """);
        return host.VirtMdev("render", file);
    }
}
