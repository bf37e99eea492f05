using System.Text.RegularExpressions;
using LibvirtMdevHook.Domains;
using NUnit.Framework;

namespace LibvirtMdevHook.Tests.Domains;

/// <summary>What is written on a hostdev is moved to the metadata, with what was left out.</summary>
internal sealed partial class RenderingTests
{
    private const string Head = $"<domain type='kvm' xmlns:mdev='urn:libvirt-mdev-hook:1'>\r\n <name>win10</name> <uuid>{DomainText.Uuid}</uuid>";

    [TestCase("<hostdev mode='subsystem' type='mdev' mdev:type='GRID &lt;M60&gt;-4Q'/>",
        "<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address uuid='NEW'/></source></hostdev>")]
    [TestCase("<hostdev type='mdev'\n mdev:type=\"GRID &lt;M60&gt;-4Q\" />",
        "<hostdev type='mdev' mode='subsystem' model='vfio-pci' ><source><address uuid='NEW'/></source></hostdev>")]
    [TestCase("<hostdev mdev:type='GRID &lt;M60&gt;-4Q' mode='subsystem' type='mdev' model='vfio-pci'><!-- > --><address type='pci'/></hostdev>",
        "<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address uuid='NEW'/></source><!-- > --><address type='pci'/></hostdev>")]
    [TestCase("<hostdev xmlns:m='urn:libvirt-mdev-hook:1' m:type='GRID &lt;M60&gt;-4Q' mode='subsystem' type='mdev' model='vfio-pci'><source/></hostdev>",
        "<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address uuid='NEW'/></source></hostdev>")]
    public void A_hostdev_gets_a_uuid_and_what_else_is_missing(string wish, string hostdev)
    {
        var text = $"{Head}<devices><disk/>{wish}</devices>\n<!-- {wish.Length} --></domain>\n";

        var (rendered, uuid) = Render(text);

        Assert.That(rendered, Is.EqualTo(text.Replace(wish, hostdev.Replace("NEW", uuid, StringComparison.Ordinal), StringComparison.Ordinal).Replace("</uuid>",
            $"</uuid><metadata><hostdevs xmlns=\"urn:libvirt-mdev-hook:1\"><hostdev uuid=\"{uuid}\" type=\"GRID &lt;M60&gt;-4Q\" /></hostdevs></metadata>",
            StringComparison.Ordinal)));
        Assert.That(DomainText.Parse(rendered).Declaration!.Hostdevs.Single().Type, Is.EqualTo("GRID <M60>-4Q"));
    }

    [Test]
    public void Metadata_that_is_there_stays()
    {
        const string Wish = "<hostdev mode='subsystem' type='mdev' model='vfio-pci' mdev:type='mtty-1' mdev:parent='mtty'/>";
        var text = $"{Head}<metadata><o:o:x xmlns:o='urn:other'/></metadata><devices>{Wish}{Wish}</devices></domain>";

        var (rendered, _) = Render(text);

        Assert.That(rendered, Does.Contain("<metadata><o:o:x xmlns:o='urn:other'/><hostdevs xmlns=\"urn:libvirt-mdev-hook:1\"><hostdev uuid="));
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

        var read = DomainText.Parse(Rendering.Of(DomainDocument.Load(text))).Declaration!;

        Assert.That(read.Gpu, Is.EqualTo(GpuRule.Same));
        Assert.That(read.Hostdevs.Single().Device.ToString(), Is.EqualTo(DomainText.First), "the uuid that it had");
    }

    [Test]
    public void Without_anything_of_ours_on_a_hostdev_nothing_changes()
    {
        for (var seed = 1; seed <= 50; seed++)
        {
            var text = RandomDocument.Of(seed).Text;
            Assert.That(Rendering.Of(DomainDocument.Load(text)), Is.EqualTo(text), $"seed {seed}");
        }
    }

    [TestCase("type='pci' mdev:type='NVIDIA A40-2Q'", "only of a <hostdev type='mdev'> can the rest be filled in")]
    [TestCase("type='mdev' mdev:type='x' mdev:uuid='y'", "the attribute 'uuid' cannot stand on a hostdev")]
    public void What_cannot_be_moved_is_said(string attributes, string problem)
    {
        var document = DomainDocument.Load($"{Head}<devices><hostdev mode='subsystem' {attributes}/></devices></domain>");

        Assert.That(() => Rendering.Of(document), Throws.TypeOf<DomainXmlException>().With.Message.Contains(problem));
    }

    private static (string Text, string Uuid) Render(string text)
    {
        var rendered = Rendering.Of(DomainDocument.Load(text));
        return (rendered, Uuids().Match(rendered).Groups[1].Value);
    }

    [GeneratedRegex("<address uuid='([^']*)'/>")]
    private static partial Regex Uuids();
}
