using LibvirtMdevHook.DomainEdits;
using LibvirtMdevHook.Domains;
using NUnit.Framework;
using static VerifyNUnit.Verifier;

namespace LibvirtMdevHook.Tests.Domains;

/// <summary>How attach and detach change a domain's declaration; 'virsh metadata --set' takes elements without a prefix.</summary>
internal sealed class EditableDomainTests
{
    private static readonly RequestedDevice Request = new(Device(DomainText.Second), "GRID M60-4Q", "0000:86:00.0 mtty", "a=1");

    [Test]
    public void A_domain_without_a_declaration_gets_one()
    {
        var domain = Parse(DomainText.Around("<o:o:x xmlns:o='urn:other'/>"));
        Assert.That((domain.Declares(Request.Device), domain.Prefix), Is.EqualTo((false, "mdev")));
        Assert.That(domain.With(new RequestedDevice(Request.Device, "17")),
            Is.EqualTo($"""<hostdevs><hostdev uuid="{DomainText.Second}" type="17" /></hostdevs>"""));
    }

    [Test]
    public Task What_was_declared_keeps_its_rules_attributes_and_comments() => Verify(Parse(Declaring()).With(Request));

    [Test]
    public void A_device_less_leaves_the_rest()
    {
        var more = Parse(Declaring().Replace(
            "</v:hostdevs>", $"<v:hostdev uuid='{DomainText.Second.ToUpperInvariant()}' type='x'/></v:hostdevs>",
            StringComparison.Ordinal));
        Assert.That(more.Declares(Request.Device));
        Assert.That(more.Without(Request.Device), Is.EqualTo(Parse(Declaring()).With(new RequestedDevice(Device(DomainText.Third), "x"))
            .Replace($"""<hostdev uuid="{DomainText.Third}" type="x" />""", "", StringComparison.Ordinal)));
    }

    [Test]
    public void Without_its_last_device_the_declaration_goes() =>
        Assert.That(Parse(Declaring()).Without(Device(DomainText.First)), Is.Null);

    [Test]
    public void A_declaration_keeps_its_prefix() => Assert.That(Parse(Declaring()).Prefix, Is.EqualTo("v"));

    [Test]
    public void The_request_is_read_under_the_rules_of_the_declaration_and_alone()
    {
        // The first is declared and has no hostdev, as an interrupted attach may leave it.
        var domain = Parse(Declaring()).WithRequested(Request, []);
        var requested = domain.Declaration!.Hostdevs.Single();
        Assert.That((domain.Declaration.Gpu, requested.Device, requested.Type, requested.Args, requested.Model),
            Is.EqualTo((GpuRule.Different, Request.Device, "GRID M60-4Q", "a=1", (string?)null)));
        Assert.That(requested.Parents.Select(p => $"{p}"), Is.EqualTo(new[] { "0000:86:00.0", "mtty" }));
    }

    [TestCase("a\u0001b", "", "", "type is not a name or id of a type")]
    [TestCase(null, "", "", "the type of the device '6a2f1c3e-0000-4000-8000-000000000002' is missing")]
    [TestCase("x", "../..", "", "the parent '../..' is not")]
    [TestCase("x", "", "vgpu_type_id=3", "sets 'vgpu_type_id'")]
    public void A_request_is_checked_as_a_declaration_is(string? type, string parents, string args, string sentence) =>
        Assert.That(() => Parse(Declaring()).WithRequested(new RequestedDevice(Request.Device, type, parents, args), []),
            Throws.TypeOf<DomainXmlException>().With.Message.Contains(sentence));

    [Test]
    public void An_active_domain_has_an_id()
    {
        Assert.That(Parse(Declaring()).IsActive);
        Assert.That(Parse(Declaring().Replace(" id='1'", "", StringComparison.Ordinal)).IsActive, Is.False);
    }

    [Test]
    public void A_declaration_of_64_devices_is_full()
    {
        var many = string.Concat(Enumerable.Range(1, 64).Select(i => $"<hostdev uuid='6a2f1c3e-0000-4000-8000-{i:d12}' type='x'/>"));
        Assert.That((Parse(DomainText.Declaring(many)).IsFull(Request), Parse(Declaring()).IsFull(Request)), Is.EqualTo((true, false)));
    }

    [Test]
    public void Attributes_count_too()
    {
        RequestedDevice With(int count) => Request with { Attrs = [.. Enumerable.Repeat(("nvidia/vgpu_params", "a=1"), count)] };
        Assert.That((Parse(Declaring()).IsFull(With(255)), Parse(Declaring()).IsFull(With(256))), Is.EqualTo((false, true)));
    }

    [Test]
    public void Attributes_are_declared_in_the_order_in_which_they_were_given()
    {
        var device = new RequestedDevice(Request.Device,
            "17") { Attrs = [("assign_adapter", "5"), ("assign_adapter", "<6>"), ("assign_domain", "4")] };
        Assert.That(Parse(DomainText.Around("")).With(device),
            Is.EqualTo($"""<hostdevs><hostdev uuid="{DomainText.Second}" type="17"><attr name="assign_adapter" value="5" />"""
            + """<attr name="assign_adapter" value="&lt;6&gt;" /><attr name="assign_domain" value="4" /></hostdev></hostdevs>"""));
        Assert.That(Parse(Declaring()).WithRequested(device, []).Declaration!.Hostdevs.Single().Attrs.Select(a => $"{a.Name}={a.Value}"),
            Is.EqualTo(new[] { "assign_adapter=5", "assign_adapter=<6>", "assign_domain=4" }));
    }

    [TestCase("remove", "1", "name='remove' is not an attribute that may be set")]
    [TestCase("nvidia/../remove", "1", "is not an attribute that may be set")]
    [TestCase("/etc/passwd", "1", "is not an attribute that may be set")]
    [TestCase("nvidia/current_vgpu_type", "0", "is not an attribute that may be set")]
    [TestCase("nvidia/vgpu_params", "a=1\nb=2", "has control characters")]
    [TestCase("nvidia/vgpu_params", "a=1\0", "has control characters")]
    public void An_attribute_of_a_request_is_checked_as_a_declared_one_is(string name, string value, string sentence) =>
        Assert.That(() => Parse(Declaring()).WithRequested(Request with { Attrs = [(name, value)] }, []),
            Throws.TypeOf<DomainXmlException>().With.Message.Contains(sentence));

    [Test]
    public void A_doubled_prefix_of_ours_is_refused() => Assert.That(
        () => Parse(DomainText.Around("<v:v:hostdevs xmlns:v='urn:libvirt-mdev-hook:1'/>")),
        Throws.TypeOf<DomainXmlException>().With.Message.Contains("doubled prefix"));

    [Test]
    public void A_VF_is_attached_as_a_PCI_device_that_libvirt_does_not_manage() => Assert.That(
        HostdevXml.Of(Device("0000:86:00.4")), Is.EqualTo("<hostdev mode='subsystem' type='pci' managed='no'><source>"
            + "<address domain='0x0000' bus='0x86' slot='0x00' function='0x4'/></source></hostdev>"));

    private static string Declaring() => DomainText.Around($"""
        <v:hostdevs xmlns:v="urn:libvirt-mdev-hook:1" gpu="different">
          <!-- the first -->
          <v:hostdev uuid="{DomainText.First}" type="GRID &lt;M60&gt;"><v:attr name="nvidia/vgpu_params" value="a=1"/></v:hostdev>
        </v:hostdevs>
        """);

    private static EditableDomain Parse(string xml) => EditableDomain.Parse(xml);

    private static DeviceId Device(string text) => DeviceId.TryParse(text, out var device) ? device : throw new FormatException(text);
}
