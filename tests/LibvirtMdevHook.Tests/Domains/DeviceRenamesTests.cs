using LibvirtMdevHook.DomainEdits;
using LibvirtMdevHook.Domains;
using NUnit.Framework;

namespace LibvirtMdevHook.Tests.Domains;

/// <summary>Devices are renamed in a domain XML, and nothing else of the document changes.</summary>
internal sealed class DeviceRenamesTests
{
    private const string OtherAddress = "<address type='pci' domain='0x0000' bus='0x41' slot='0x00' function='0x4'/>";

    private const string Fresh = "0f0e0d0c-1111-4222-8333-444444444444";

    private static readonly Dictionary<DeviceId, DeviceId> FirstToFresh =
        new() { [Id(DomainText.First)] = Id(Fresh), [Id(DomainText.Second)] = Id(DomainText.Second) };

    [Test]
    public void A_device_gets_its_new_name_in_both_places_whatever_stands_around()
    {
        for (var seed = 1; seed <= 400; seed++)
        {
            var document = RandomDocument.Of(seed);

            var renamed = Rename(document.Text, FirstToFresh);

            Assert.That(renamed, Is.EqualTo(document.With(Fresh)), $"seed {seed}");
            Assert.That(DomainText.Parse(renamed).Declaration!.Hostdevs.Single().Device, Is.EqualTo(Id(Fresh)), $"seed {seed}");
        }
    }

    [Test]
    public void The_same_names_give_the_same_text()
    {
        for (var seed = 1; seed <= 100; seed++)
        {
            var text = RandomDocument.Of(seed).Text;

            Assert.That(Rename(text, new() { [Id(DomainText.First)] = Id(DomainText.First) }), Is.EqualTo(text), $"seed {seed}");
            Assert.That(DeviceRenames.DropMissing(DomainDocument.Load(text)), Is.EqualTo(text), $"seed {seed}");
        }
    }

    [Test]
    public void Two_devices_may_change_names()
    {
        var text = DomainText.Declaring($"""<hostdev uuid="{DomainText.First}" type="a"/><hostdev uuid="{DomainText.Second}" type="b"/>""");

        var swapped = Rename(text,
            new() { [Id(DomainText.First)] = Id(DomainText.Second), [Id(DomainText.Second)] = Id(DomainText.First) });

        Assert.That(swapped, Is.EqualTo(text.Replace(DomainText.First, "\ue000", StringComparison.Ordinal)
            .Replace(DomainText.Second, DomainText.First, StringComparison.Ordinal)
            .Replace("\ue000", DomainText.Second, StringComparison.Ordinal)));
    }

    [TestCase("vfio-pci,sysfsdev=/sys/bus/mdev/devices/{0},id=x", TestName = "The_uuid_is_spliced_into_a_plain_argument")]
    [TestCase(
        "{{&quot;driver&quot;:&quot;vfio-pci&quot;,&quot;sysfsdev&quot; : &#34;/sys/bus/mdev/devices/{0}&quot;,"
        + "&quot;id&quot;:&#x22;&#x1F600;&quot;}}",
        TestName = "The_uuid_is_spliced_into_a_JSON_argument")]
    [TestCase("vfio-pci,romfile=/tmp/&amp;&lt;&#x1F600;\ud83d\ude00,\r\n\tsysfsdev=/sys/bus/mdev/devices/{0}/",
        TestName = "The_uuid_is_spliced_behind_references_and_line_ends")]
    public void Of_an_argument_only_the_name_changes(string argument)
    {
        var text = WithArgument(argument, DomainText.First);

        Assert.That(Rename(text, FirstToFresh), Is.EqualTo(WithArgument(argument, Fresh)));
    }

    [TestCase("vfio-pci,host=0000:41:00.4,id=x", "vfio-pci,host=0001:41:1f.5,id=x")]
    [TestCase("vfio-pci,host=41:0.4", "vfio-pci,host=0001:41:1f.5")]
    [TestCase("vfio-pci,sysfsdev=/sys/bus/pci/devices/0000:41:00.4", "vfio-pci,sysfsdev=/sys/bus/pci/devices/0001:41:1f.5")]
    public void A_VF_of_qemu_commandline_gets_its_new_address_there(string before, string after)
    {
        var renamed = Rename(WithVfArgument("0000:41:00.4", before), VfNames);

        Assert.That(renamed, Is.EqualTo(WithVfArgument("0001:41:1f.5", after)));
        Assert.That(DeviceRenames.DropMissing(DomainDocument.Load(renamed)), Is.EqualTo(renamed));
    }

    [Test]
    public void A_VF_gets_its_new_address_in_both_places()
    {
        const string Before = "<address domain='0x0000' bus='0x41' slot='0x00' function='0x4'/>";
        const string After = "<address domain='0x0001' bus='0x41' slot='0x1f' function='0x5'/>";
        Assert.That(Rename(WithVf("0000:41:00.4", Before), VfNames), Is.EqualTo(WithVf("0001:41:1f.5", After)));
    }

    [TestCase("0000:41:00.4", "<address domain='0x0000' bus='0x41' slot='0x00' function='0x4'/>", "10000:e1:00.5",
        "<address domain='0x10000' bus='0xe1' slot='0x00' function='0x5'/>")]
    [TestCase("10000:e1:00.5", "<address domain='65536' bus='0xe1' slot='0' function='5'/>", "0000:41:00.5",
        "<address domain='0x0000' bus='0x41' slot='0' function='5'/>")]
    public void A_PCI_domain_of_more_than_four_digits_is_read_and_written(string old, string before, string name, string after) =>
        Assert.That(Rename(WithVf(old, before), new() { [Id(old)] = Id(name) }), Is.EqualTo(WithVf(name, after)));

    [Test]
    public void Of_a_VFs_address_only_what_differs_is_written()
    {
        const string Before = "<address  bus='65'\n slot=\"0x0\"  function='4'  multifunction='on' />";
        const string After = "<address  bus='65'\n slot=\"0x1f\"  function='0x5'  multifunction='on' domain='0x0001' />";
        Assert.That(Rename(WithVf("0000:41:00.4", Before), VfNames), Is.EqualTo(WithVf("0001:41:1f.5", After)));
    }

    [Test]
    public void A_declared_device_that_is_gone_is_dropped()
    {
        const string Gone = $$"""
            <hostdev type='it > is &lt; gone' uuid="{{DomainText.Second}}"><!-- </hostdev> --><attr
              name="nvidia/vgpu_params" value='&lt;/hostdev>'/><![CDATA[ </hostdev> ]]></hostdev>
            """;
        var text = DomainText.Declaring($"""<hostdev uuid="{DomainText.First}" type="x"/> GONE <!-- and more -->""", "gpu='same'");
        var before = text.Replace("GONE", Gone, StringComparison.Ordinal);

        Assert.That(DeviceRenames.DropMissing(DomainDocument.Load(before)), Is.EqualTo(text.Replace("GONE", "", StringComparison.Ordinal)));
    }

    [Test]
    public void A_driver_element_with_iommufd_stays()
    {
        const string Driver = "<driver iommufd='yes'/>";
        const string Before = "<address domain='0x0000' bus='0x41' slot='0x00' function='0x4'/>";
        const string After = "<address domain='0x0001' bus='0x41' slot='0x1f' function='0x5'/>";
        var text = WithVf("0000:41:00.4", Before).Replace("<source><address domain='0x0000' bus='0x41' slot='0x00' function='0x4'",
            Driver + "<source><address domain='0x0000' bus='0x41' slot='0x00' function='0x4'", StringComparison.Ordinal);

        Assert.That(Rename(text, VfNames), Is.EqualTo(text.Replace(Before, After, StringComparison.Ordinal)
            .Replace("address='0000:41:00.4'", "address='0001:41:1f.5'", StringComparison.Ordinal)));
        Assert.That(DomainText.Parse(text).Declaration!.Hostdevs.Single().AttachedBy, Is.EqualTo(AttachedBy.Hostdev));
    }

    [Test]
    public void A_declaration_of_which_nothing_is_left_is_dropped()
    {
        var text = DomainText.Around("<o:o:x xmlns:o='urn:other'/>GONE <b:x xmlns:b='urn:b'/>");
        var before = text.Replace("GONE", $"""
            <mdev:hostdevs xmlns:mdev="urn:libvirt-mdev-hook:1"><mdev:hostdev uuid="{DomainText.First}" type="x"/></mdev:hostdevs>
            """, StringComparison.Ordinal);

        Assert.That(DeviceRenames.DropMissing(DomainDocument.Load(before)), Is.EqualTo(text.Replace("GONE", "", StringComparison.Ordinal)));
    }

    private static Dictionary<DeviceId, DeviceId> VfNames => new() { [Id("0000:41:00.4")] = Id("0001:41:1f.5") };

    private static DeviceId Id(string text) => DeviceId.TryParse(text, out var device) ? device : throw new FormatException(text);

    private static string Rename(string text, Dictionary<DeviceId, DeviceId> names) =>
        DeviceRenames.Apply(DomainDocument.Load(text), names);

    private static string WithArgument(string argument, string uuid) => DomainText.Around(
        $"<hostdevs xmlns='urn:libvirt-mdev-hook:1'><hostdev type='x' uuid='{uuid}'/></hostdevs>").Replace("</domain>",
            "<q:commandline xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'><q:arg value='-device'/>"
            + $"<q:arg value='{string.Format(null, argument, uuid)}'/></q:commandline></domain>",
            StringComparison.Ordinal);

    private static string WithVfArgument(string declared, string argument) =>
        WithArgument(argument, declared).Replace("uuid='0", "address='0", StringComparison.Ordinal);

    private static string WithVf(string declared, string address) => DomainText.Around(
        $"<hostdevs xmlns='urn:libvirt-mdev-hook:1'><hostdev address='{declared}' type='x'/></hostdevs>").Replace("</devices>",
            $"<interface type='hostdev'><source>{OtherAddress}</source></interface>"
            + $"<hostdev mode='subsystem' type='pci' managed='no'>{OtherAddress}"
            + $"<source>{address}</source></hostdev></devices>", StringComparison.Ordinal);
}
