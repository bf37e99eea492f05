using System.Text.RegularExpressions;
using LibvirtMdevHook.DomainEdits;
using LibvirtMdevHook.Domains;
using NUnit.Framework;

namespace LibvirtMdevHook.Tests.Domains;

/// <summary>A declaration on a hostdev is moved to the metadata, and what was left out is filled in.</summary>
internal sealed partial class HostdevShorthandTests
{
    private const string Head =
        $"<domain type='kvm' xmlns:mdev='urn:libvirt-mdev-hook:1'>\r\n <name>win10</name> <uuid>{DomainText.Uuid}</uuid>";

    [TestCase("<hostdev mode='subsystem' type='mdev' mdev:type='GRID &lt;M60&gt;-4Q'/>",
        "<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address uuid='NEW'/></source></hostdev>")]
    [TestCase("<hostdev type='mdev'\n mdev:type=\"GRID &lt;M60&gt;-4Q\" />",
        "<hostdev type='mdev' mode='subsystem' model='vfio-pci' ><source><address uuid='NEW'/></source></hostdev>")]
    [TestCase(
        "<hostdev mdev:type='GRID &lt;M60&gt;-4Q' mode='subsystem' type='mdev' model='vfio-pci'><!-- > --><address type='pci'/></hostdev>",
        "<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address uuid='NEW'/></source>"
        + "<!-- > --><address type='pci'/></hostdev>")]
    [TestCase(
        "<hostdev xmlns:m='urn:libvirt-mdev-hook:1' m:type='GRID &lt;M60&gt;-4Q' mode='subsystem' type='mdev' model='vfio-pci'>"
        + "<source/></hostdev>",
        "<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address uuid='NEW'/></source></hostdev>")]
    public void A_hostdev_gets_a_uuid_and_what_else_is_missing(string shorthand, string hostdev)
    {
        var text = $"{Head}<devices><disk/>{shorthand}</devices>\n<!-- {shorthand.Length} --></domain>\n";

        var (rendered, uuid) = Render(text);

        var declaration = $"<hostdev uuid=\"{uuid}\" type=\"GRID &lt;M60&gt;-4Q\" />";
        Assert.That(rendered, Is.EqualTo(text
            .Replace(shorthand, hostdev.Replace("NEW", uuid, StringComparison.Ordinal), StringComparison.Ordinal)
            .Replace("</uuid>", $"</uuid><metadata><hostdevs xmlns=\"urn:libvirt-mdev-hook:1\">{declaration}</hostdevs></metadata>",
                StringComparison.Ordinal)));
        Assert.That(DomainText.Parse(rendered).Declaration!.Hostdevs.Single().Type, Is.EqualTo("GRID <M60>-4Q"));
    }

    [Test]
    public void Metadata_that_is_there_stays()
    {
        const string Shorthand = "<hostdev mode='subsystem' type='mdev' model='vfio-pci' mdev:type='mtty-1' mdev:parent='mtty'/>";
        var text = $"{Head}<metadata><o:o:x xmlns:o='urn:other'/></metadata><devices>{Shorthand}{Shorthand}</devices></domain>";

        var (rendered, _) = Render(text);

        Assert.That(rendered,
            Does.Contain("<metadata><o:o:x xmlns:o='urn:other'/><hostdevs xmlns=\"urn:libvirt-mdev-hook:1\"><hostdev uuid="));
        var hostdevs = DomainText.Parse(rendered).Declaration!.Hostdevs;
        Assert.That(hostdevs, Has.Length.EqualTo(2));
        Assert.That(hostdevs.Select(h => $"{h.Type} on {h.Parents.Single()}"), Is.All.EqualTo("mtty-1 on mtty"));
    }

    [TestCase("<mdev:hostdevs gpu='same'/>")]
    [TestCase("<mdev:hostdevs gpu='same'></mdev:hostdevs>")]
    [TestCase("<mdev:hostdevs gpu='same'><!-- --></mdev:hostdevs >")]
    public void A_declaration_that_is_there_gets_the_devices_too(string declaration)
    {
        var text = $"{Head}<metadata>{declaration}</metadata><devices><hostdev mode='subsystem' type='mdev' mdev:type='mtty-1'><source>"
            + $"<address uuid='{DomainText.First}'/></source></hostdev></devices></domain>";

        var read = DomainText.Parse(HostdevShorthand.Expand(DomainDocument.Load(text)).Text).Declaration!;

        Assert.That(read.Gpu, Is.EqualTo(GpuRule.Same));
        Assert.That(read.Hostdevs.Single().Device.ToString(), Is.EqualTo(DomainText.First), "the uuid that it had");
    }

    [Test]
    public void Without_anything_of_ours_on_a_hostdev_nothing_changes()
    {
        for (var seed = 1; seed <= 50; seed++)
        {
            var text = RandomDocument.Of(seed).Text;
            Assert.That(HostdevShorthand.Expand(DomainDocument.Load(text)).Text, Is.EqualTo(text), $"seed {seed}");
        }
    }

    [TestCase("type='usb' mdev:type='NVIDIA A40-2Q'",
        "only a <hostdev type='mdev'> or a <hostdev type='pci'> can be written in the short form")]
    [TestCase("type='pci' managed='yes' mdev:type='NVIDIA A40-2Q'", "write managed='no'")]
    [TestCase("type='mdev' mdev:type='x' mdev:uuid='y'", "the attribute 'uuid' cannot be on a hostdev")]
    public void What_cannot_be_moved_is_said(string attributes, string problem)
    {
        var document = DomainDocument.Load($"{Head}<devices><hostdev mode='subsystem' {attributes}/></devices></domain>");

        Assert.That(() => HostdevShorthand.Expand(document), Throws.TypeOf<DomainXmlException>().With.Message.Contains(problem));
    }

    [TestCase("<mdev:rule name='a'/>", "the element 'rule' cannot be in a hostdev")]
    [TestCase("<source><address bus='0x41'/></source>", "the <address> of the hostdev's source is not that of a VF")]
    public void What_stands_in_a_hostdev_and_cannot_be_moved_is_said(string content, string problem)
    {
        var document = DomainDocument.Load($"{Head}<devices><hostdev type='pci' mdev:type='x'>{content}</hostdev></devices></domain>");

        Assert.That(() => HostdevShorthand.Expand(document), Throws.TypeOf<DomainXmlException>().With.Message.Contains(problem));
    }

    [Test]
    public void Attributes_move_into_the_declaration_in_their_order()
    {
        const string Attrs = "<mdev:attr name='assign_adapter' value='5'/><!-- --><mdev:attr name='assign_adapter' value='&lt;6&gt;'/>";
        var text = $"{Head}<metadata><mdev:hostdevs><!-- --></mdev:hostdevs></metadata><devices>"
            + $"<hostdev mode='subsystem' type='mdev' model='vfio-ap' mdev:type='vfio_ap-passthrough'>{Attrs}</hostdev></devices></domain>";

        var (rendered, uuid) = Render(text);

        Assert.That(rendered,
            Does.Contain(
                $"<hostdev mode='subsystem' type='mdev' model='vfio-ap'><source><address uuid='{uuid}'/></source><!-- --></hostdev>"));
        Assert.That(DomainText.Parse(rendered).Declaration!.Hostdevs.Single().Attrs.Select(a => $"{a.Name}={a.Value}"),
            Is.EqualTo(new[] { "assign_adapter=5", "assign_adapter=<6>" }));
    }

    [Test]
    public void A_VF_is_still_to_be_picked_unless_it_has_its_address()
    {
        const string There = "<source><address domain='0x0000' bus='0x41' slot='0x00' function='0x4'/></source>";
        var text = $"{Head}<devices><hostdev type='pci' mdev:type='a' mdev:parent='0000:41:00.0'>"
            + "<mdev:attr name='nvidia/vgpu_params' value='x=1'/></hostdev>"
            + $"<hostdev type='pci' managed='no' mdev:type='b'>{There}</hostdev></devices></domain>";

        var (rendered, unnamed) = HostdevShorthand.Expand(DomainDocument.Load(text));

        Assert.That(rendered, Does.Contain("<hostdev type='pci' mode='subsystem' managed='no'>"
            + "<source><address domain='0xffffffff' bus='0xff' slot='0x00' function='0x0'/></source></hostdev>"
            + $"<hostdev type='pci' mode='subsystem' managed='no'>{There}</hostdev>"));
        Assert.That(unnamed.Select(d => $"{d}"), Is.EqualTo(new[] { "ffffffff:ff:00.0" }));
        Assert.That(DomainText.Parse(rendered).Declaration!.Hostdevs
            .Select(h => $"{h.Device} {h.Type} {h.Parents.Length} {h.Attrs.Length}"),
            Is.EqualTo(new[] { "ffffffff:ff:00.0 a 1 1", "0000:41:00.4 b 0 0" }));
    }

    [TestCase("model='vfio-pci'", "'GRID'", "'vfio-pci'", Description = "it is not asked")]
    [TestCase("", "'GRID'", "'vfio-pci'")]
    [TestCase("", "'vfio_ap-passthrough' mdev:parent='matrix'", "'vfio-ap'")]
    public void A_model_that_is_missing_is_that_of_the_type(string model, string type, string expected)
    {
        var document = DomainDocument.Load($"{Head}<devices><hostdev type='mdev' {model} mdev:type={type}/></devices></domain>");

        var (rendered, _) = HostdevShorthand.Expand(document, (name, parents) => parents == "matrix" ? $"vfio-{name[5..7]}" : null);

        Assert.That(rendered, Does.Match($"<hostdev type='mdev'( mode='subsystem')? model={expected}"));
    }

    [TestCase("display='on' ramfb='on'")]
    [TestCase("model='vfio-pci'")]
    [TestCase("display='off'")]
    public void What_libvirt_has_for_mediated_devices_alone_is_neither_carried_to_a_VF_nor_dropped(string attributes)
    {
        var document = DomainDocument.Load(
            $"{Head}<devices><hostdev type='pci' {attributes} mdev:type='NVIDIA L40S-4Q'/></devices></domain>");

        Assert.That(() => HostdevShorthand.Expand(document), Throws.TypeOf<DomainXmlException>().With.Message.Contains(
            $"the hostdev of the VF of type 'NVIDIA L40S-4Q' has {attributes}, "
            + "which libvirt takes on the hostdev of a mediated device alone; leave that out"));
    }

    [Test]
    public void A_driver_element_with_iommufd_stays()
    {
        const string Driver = "<driver iommufd='yes'/>";
        var text = $"{Head}<devices><hostdev type='pci' mdev:type='a'>{Driver}</hostdev></devices></domain>";

        var (rendered, _) = HostdevShorthand.Expand(DomainDocument.Load(text));

        Assert.That(rendered, Does.Contain("slot='0x00' function='0x0'/></source><driver iommufd='yes'/></hostdev>"));
    }

    private static (string Text, string Uuid) Render(string text)
    {
        var rendered = HostdevShorthand.Expand(DomainDocument.Load(text)).Text;
        return (rendered, Uuids().Match(rendered).Groups[1].Value);
    }

    [GeneratedRegex("<address uuid='([^']*)'/>")]
    private static partial Regex Uuids();
}
