using System.Text;
using LibvirtMdevHook.Domains;
using NUnit.Framework;
using static VerifyNUnit.Verifier;

namespace LibvirtMdevHook.Tests.Domains;

/// <summary>The problems of a domain XML are all reported at once, with their lines.</summary>
internal sealed class DomainXmlTests
{
    private const string BadAttrs =
        """<attr name="remove" value="1"/><attr name="../x" value="1"/><attr value="1"/><attr name="nvidia/vgpu_params"/><attrs/>""";

    private const string Vf = "<hostdev address='0000:41:00.4' type='NVIDIA L40S-4Q'/>";

    private const string Good = $"""<hostdev uuid="{DomainText.First}" type="GRID M60-4Q"/>""";

    /// <summary>NVIDIA's guides clear the parameters of the plugin with one blank.</summary>
    [Test]
    public void A_value_of_one_blank_stays() => Assert.That(
        DomainText.Parse(DomainText.Declaring($"<hostdev uuid='{DomainText.First}' type='x'>"
            + "<attr name='nvidia/vgpu_params' value=' '/></hostdev>")).Declaration!.Hostdevs.Single().Attrs.Single().Value,
        Is.EqualTo(" "));

    [Test]
    public void A_domain_without_a_declaration_has_none() =>
        Assert.That(DomainText.Parse(DomainText.Around("<other:x xmlns:other='urn:other'/>")).Declaration, Is.Null);

    [Test]
    public Task Every_mistake_of_a_declaration_is_listed() => Verify(DomainText.Problems(DomainText.Declaring(
        $"""
        <hostdev uuid="{DomainText.First}" address="0000:41:00.4" type="GRID M60-4Q"/>
        <hostdev type="GRID M60-4Q"/>
        <hostdev uuid="not-a-uuid" type="GRID M60-4Q"/>
        <hostdev address="41:00.4" type="NVIDIA A40-2Q"/>
        <hostdev uuid="{DomainText.First}" typ="GRID M60-4Q"/>
        <hostdev uuid="{DomainText.Second}" type="  "/>
        <hostdev uuid="{DomainText.Second}" type="GRID M60-4Q" parent=""/>
        <hostdev uuid="{DomainText.Second}" type="GRID M60-4Q" parent="../../etc"/>
        <hostdev uuid="{DomainText.Second}" type="GRID M60-4Q" args="vm_uuid=1"/>
        <hostdev uuid="{DomainText.Third}" type="GRID M60-4Q">{BadAttrs}</hostdev>
        <device uuid="{DomainText.Third}"/>
        and text
        """,
        "placement='wide' numa='maybe' gpu='mine' colour='red'")));

    [Test]
    public Task A_uuid_declared_twice_is_found_in_whatever_case() => Verify(DomainText.Problems(DomainText.Declaring(
        Good + $"""<hostdev uuid="{DomainText.First.ToUpperInvariant()}" type="GRID M60-4Q"/>""")));

    [Test]
    public Task A_declared_device_that_is_not_in_devices_names_both_remedies() =>
        Verify(DomainText.Problems(DomainText.Declaring(Good)
            .Replace($"<address uuid='{DomainText.First}'/>", "", StringComparison.Ordinal)));

    [Test]
    public Task The_remedy_keeps_the_other_declared_devices_and_quotes_for_the_shell() =>
        Verify(DomainText.Problems(DomainText.Declaring(Good
            + $"""<hostdev uuid="{DomainText.Second}" type="it's &lt;this&gt;"><attr name="nvidia/vgpu_params" value="a=1"/></hostdev>""",
            "gpu='same'")
            .Replace($"<address uuid='{DomainText.First}'/>", "", StringComparison.Ordinal)
            .Replace("win10", "it's win", StringComparison.Ordinal)));

    [Test]
    public Task A_doubled_prefix_says_how_to_set_the_metadata() => Verify(DomainText.Problems(DomainText.Around(
        """<mdev:mdev:hostdevs xmlns:mdev="urn:libvirt-mdev-hook:1">"""
        + $"""<mdev:hostdev uuid="{DomainText.First}" type="x"/></mdev:mdev:hostdevs>""",
        DomainText.First)));

    [Test]
    public Task A_doubled_prefix_inside_is_found_too() => Verify(DomainText.Problems(DomainText.Around(
        $"""<mdev:hostdevs xmlns:mdev="urn:libvirt-mdev-hook:1"><mdev:mdev:hostdev uuid="{DomainText.First}" type="x"/></mdev:hostdevs>""",
        DomainText.First)));

    [Test]
    public void Doubled_prefixes_of_other_applications_are_none_of_our_business()
    {
        var domain = DomainText.Parse(DomainText.Around(
            $"""
            <o:o:x xmlns:o="urn:other" a="it's > here"/><o:o:y xmlns:o="urn:other"><!-- </o:o:y> --><o:z b='"/>'/>
            </o:o:y>
            <mdev:hostdevs xmlns:mdev="urn:libvirt-mdev-hook:1"><mdev:hostdev uuid="{DomainText.First}" type="GRID M60-4Q"/></mdev:hostdevs>
            <undeclared:thing/>
            """, DomainText.First));
        Assert.Multiple(() =>
        {
            Assert.That(domain.Declaration!.Hostdevs.Single().Type, Is.EqualTo("GRID M60-4Q"));
            Assert.That(domain.Declaration!.Hostdevs.Single().Line, Is.EqualTo(7), "lines stay where they were");
        });
    }

    [Test]
    public void A_declaration_without_a_prefix_or_with_another_is_the_same()
    {
        var plain = DomainText.Parse(DomainText.Declaring(Good)).Declaration;
        var prefixed = DomainText.Parse(DomainText.Around(
            $"""<v:hostdevs xmlns:v="urn:libvirt-mdev-hook:1"><v:hostdev uuid="{DomainText.First}" type="GRID M60-4Q"/></v:hostdevs>""",
            DomainText.First)).Declaration;
        Assert.That(prefixed!.Hostdevs.Single().Device, Is.EqualTo(plain!.Hostdevs.Single().Device));
    }

    [Test]
    public Task An_unknown_version_of_the_namespace_is_refused() =>
        Verify(DomainText.Problems(DomainText.Declaring(Good).Replace("hook:1", "hook:2", StringComparison.Ordinal)));

    [Test]
    public Task A_second_declaration_is_refused() => Verify(DomainText.Problems(DomainText.Around(
        """<a:hostdevs xmlns:a="urn:libvirt-mdev-hook:1"/><b:hostdevs xmlns:b="urn:libvirt-mdev-hook:1"/>""")));

    [Test]
    public Task A_declaration_on_the_native_hostdev_would_be_dropped() => Verify(DomainText.Problems(DomainText.Around("", DomainText.First)
        .Replace("<hostdev mode", "<hostdev xmlns:mdev='urn:libvirt-mdev-hook:1' mdev:type='GRID M60-4Q' mode", StringComparison.Ordinal)));

    [Test]
    public Task A_DTD_is_refused() => Verify(DomainText.Problems("<!DOCTYPE domain [<!ENTITY a 'b'>]>\n" + DomainText.Declaring(Good)));

    [Test]
    public Task A_torn_document_is_refused() => Verify(DomainText.Problems(DomainText.Declaring(Good)[..^12]));

    [Test]
    public Task Another_document_is_refused() => Verify(DomainText.Problems("<network><name>x</name></network>"));

    [Test]
    public Task A_document_nested_too_deeply_is_refused() =>
        Verify(DomainText.Problems(DomainText.Declaring(Good + string.Concat(Enumerable.Repeat("<a>", 100_000)))));

    [Test]
    public void More_devices_than_a_declaration_may_have_are_refused_at_once()
    {
        var many = string.Concat(Enumerable.Range(1, 2000).Select(i => $"<hostdev uuid='6a2f1c3e-0000-4000-8000-{i:d12}' type='x'/>"));
        Assert.That(DomainText.Problems(DomainText.Declaring(many)),
            Is.EqualTo("line 5: the declaration has more than 64 <hostdev> or 256 <attr>"));
    }

    [Test]
    public void A_document_of_more_than_4_MiB_is_refused()
    {
        var large = Encoding.UTF8.GetBytes(DomainText.Declaring(Good) + new string(' ', 5 << 20));
        Assert.That(() => DomainXml.Parse(large, []),
            Throws.TypeOf<DomainXmlException>().With.Message.Contains("longer than 4194304 bytes"));
    }

    [Test]
    public void Bytes_that_are_not_UTF8_are_refused() =>
        Assert.That(() => DomainXml.Parse(new byte[] { (byte)'<', 0xff, 0xfe }, []),
            Throws.TypeOf<DomainXmlException>().With.Message.Contains("UTF-8"));

    [Test]
    public void The_user_of_QEMU_is_read_from_the_dac_seclabel()
    {
        var xml = DomainText.Around("")
            .Replace("</devices>", "</devices><seclabel type='dynamic' model='apparmor' relabel='yes'><label>x</label></seclabel>"
                + "<seclabel type='dynamic' model='dac' relabel='yes'>"
                + "<label>+64055:+108</label><imagelabel>+64055:+108</imagelabel></seclabel>", StringComparison.Ordinal);
        Assert.That(DomainText.Parse(xml).Dac, Is.EqualTo(new DacLabel(64055, 108)));
    }

    [TestCase("vfio-pci,sysfsdev=/sys/bus/mdev/devices/6a2f1c3e-0000-4000-8000-000000000001,id=vgpu0")]
    [TestCase("{\"driver\":\"vfio-pci\",\"sysfsdev\":\"/sys/bus/mdev/devices/6a2f1c3e-0000-4000-8000-000000000001\"}")]
    public void A_device_may_be_attached_by_qemu_commandline(string argument)
    {
        var domain = DomainText.Parse(WithArgument(argument, Good));
        Assert.That(domain.Declaration!.Hostdevs.Single().AttachedBy, Is.EqualTo(AttachedBy.Commandline));
    }

    [TestCase("vfio-pci,sysfsdev=/sys/bus/pci/devices/0000:00:0a.0/6a2f1c3e-0000-4000-8000-000000000001")]
    [TestCase("vfio-pci,sysfsdev=/sys/devices/pci0000:00/0000:00:0a.0/6a2f1c3e-0000-4000-8000-000000000001/,addr=0x10")]
    [TestCase("vfio-pci,sysfsdev=/sys/class/mdev_bus/0000:00:0a.0/6a2f1c3e-0000-4000-8000-000000000001,host=0000:00:0a.0")]
    [TestCase("vfio-pci,host=0000:00:0a.0,sysfsdev=/sys/bus/mdev/drivers/vfio_mdev/6a2f1c3e-0000-4000-8000-000000000001")]
    public void A_device_of_qemu_commandline_is_found_by_each_path_of_it(string argument) =>
        Assert.That(DomainText.Parse(WithArgument(argument, Good)).Declaration!.Hostdevs.Single().Device.ToString(),
            Is.EqualTo(DomainText.First));

    [TestCase("vfio-pci,host=0000:41:00.4,id=vgpu0")]
    [TestCase("vfio-pci,id=vgpu0,host=41:0.4")]
    [TestCase("vfio-pci-nohotplug, host=0000:41:00.4 ")]
    [TestCase("{\"driver\":\"vfio-pci\",\"host\": \"0:41:00.4\"}")]
    [TestCase("vfio-pci,sysfsdev=/sys/bus/pci/devices/0000:41:00.4")]
    public void A_VF_may_be_attached_by_qemu_commandline(string argument)
    {
        var hostdev = DomainText.Parse(WithArgument(argument, Vf)).Declaration!.Hostdevs.Single();
        Assert.That((hostdev.Device.ToString(), hostdev.AttachedBy), Is.EqualTo(("0000:41:00.4", AttachedBy.Commandline)));
    }

    [TestCase("pci-assign,host=0000:41:00.4")]
    [TestCase("vfio-pci,hostbus=0000:41:00.4")]
    [TestCase("vfio-pci,host=0000:41:00.45")]
    [TestCase("vfio-pci,host=0000:41:00.5")]
    public void An_argument_of_another_device_attaches_no_VF(string argument) =>
        Assert.That(DomainText.Problems(WithArgument(argument, Vf)),
            Does.Contain("the device '0000:41:00.4' is declared").And.Contain("qemu:commandline no sysfsdev or host; add"));

    [Test]
    public Task A_sysfsdev_in_upper_case_names_no_file() => Verify(DomainText.Problems(
        DomainText.Around($"""<hostdevs xmlns="urn:libvirt-mdev-hook:1">{Good}</hostdevs>""").Replace("</domain>",
            "<qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>"
            + $"<qemu:arg value='vfio-pci,sysfsdev=/sys/bus/mdev/devices/{DomainText.First.ToUpperInvariant()}'/>"
            + "</qemu:commandline></domain>",
            StringComparison.Ordinal)));

    [Test]
    public void Hundreds_of_parents_are_refused() => Assert.That(
        DomainText.Problems(DomainText.Declaring(
            $"<hostdev uuid='{DomainText.First}' type='x' parent='{string.Concat(Enumerable.Repeat("a ", 257))}'/>")),
        Does.Contain("parent has more than 256 names").And.Not.Contain("\n"));

    [Test]
    public void A_hundred_thousand_attributes_are_refused_before_a_reader_compares_them()
    {
        var many = string.Concat(Enumerable.Range(0, 100_000).Select(n => $" a{n}=''"));
        Assert.That(DomainText.Problems(DomainText.Declaring($"<hostdev {many}/>")), Does.Contain("more than 20000 attributes"));
    }

    [TestCase("<!-- <a {0}/> -->")]
    [TestCase("<o:x xmlns:o='u'><![CDATA[<a {0}/>]]></o:x>")]
    [TestCase("<o:x xmlns:o='u' a=\"<a {0}/>\"/>")]
    [TestCase("<?o a {0}?>")]
    public void What_only_looks_like_a_tag_may_have_any_number(string metadata)
    {
        var many = string.Concat(Enumerable.Range(0, 30_000).Select(n => $" a{n}=''"));
        var text = string.Format(metadata.Replace("=\"<", "=\"&lt;", StringComparison.Ordinal), many);

        Assert.That(DomainText.Problems(DomainText.Around(text)), Is.EqualTo("no problem"));
    }

    [Test]
    public void Thousands_of_attributes_are_refused_and_those_of_others_overlooked()
    {
        var many = string.Concat(Enumerable.Range(0, 1001).Select(n => $" xmlns:a{n}='u' "));
        Assert.That(DomainText.Problems(DomainText.Declaring($"<hostdev {many}/>")), Does.Contain("more than 1000 attributes"));
        Assert.That(DomainText.Problems(DomainText.Around($"<o:x xmlns:o='o' {many}/>")), Is.EqualTo("no problem"));
    }

    [Test]
    public void A_sentence_quotes_no_megabytes() =>
        Assert.That(DomainText.Problems(DomainText.Declaring($"<hostdev uuid='{new string('x', 1 << 20)}' type='x'/>")),
            Has.Length.LessThan(20_000));

    private static string WithArgument(string argument, string declared) =>
        DomainText.Around($"""<hostdevs xmlns="urn:libvirt-mdev-hook:1">{declared}</hostdevs>""").Replace("</domain>",
            "<qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>"
            + $"<qemu:arg value='-device'/><qemu:arg value='{argument}'/></qemu:commandline></domain>",
            StringComparison.Ordinal);
}
