using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;
using NUnit.Framework;

namespace LibvirtMdevHook.Tests.Domains;

/// <summary>Strings become safe types at the border.</summary>
internal sealed class NamesTests
{
    [TestCase("mtty"), TestCase("0000:86:00.0"), TestCase("nvidia-18"), TestCase("...")]
    public void A_plain_name_is_taken(string text) => Assert.That(SysfsName.TryParse(text, out _), Is.True);

    [TestCase(null), TestCase(""), TestCase("."), TestCase(".."), TestCase("a/b"), TestCase("a\0b"), TestCase("a\nb"), TestCase("/")]
    public void A_name_that_could_leave_its_folder_is_not_taken(string? text) => Assert.That(SysfsName.TryParse(text, out _), Is.False);

    [Test]
    public void A_name_longer_than_a_file_name_is_not_taken() => Assert.That(SysfsName.TryParse(new string('a', 256), out _), Is.False);

    [TestCase("nvidia/vgpu_params"), TestCase("vendor/x"), TestCase("intel_vgpu/x"), TestCase("assign_adapter")]
    [TestCase("unassign_control_domain")]
    public void An_attribute_of_the_allow_list_may_be_set(string name) => Assert.That(AttrName.TryParse(name, [], out _), Is.True);

    [TestCase("remove"), TestCase("uevent"), TestCase("config"), TestCase("resource0"), TestCase("driver_override"), TestCase("reset")]
    [TestCase("nvidia/current_vgpu_type"), TestCase("nvidia/creatable_vgpu_types"), TestCase("resource2_wc")]
    [TestCase("../remove"), TestCase("nvidia/.."), TestCase("/etc/passwd"), TestCase("a/b/c"), TestCase(""), TestCase("nvidia/")]
    [TestCase("nvidia/a b")]
    public void An_attribute_that_could_do_harm_may_never_be_set(string name) =>
        Assert.That(AttrName.TryParse(name, [name, "nvidia/*", "vendor/*", "../*"], out _), Is.False);

    [Test]
    public void The_configuration_extends_the_allow_list()
    {
        Assert.Multiple(() =>
        {
            Assert.That(AttrName.TryParse("mine/level", [], out _), Is.False);
            Assert.That(AttrName.TryParse("mine/level", ["mine/*"], out _), Is.True);
            Assert.That(AttrName.TryParse("level", ["level"], out _), Is.True);
        });
    }

    [TestCase("0000:86:00.0", ExpectedResult = "0000:86:00.0"), TestCase("0000:AF:1F.7", ExpectedResult = "0000:af:1f.7")]
    [TestCase("0000:86:20.0", ExpectedResult = null), TestCase("0000:86:00.8", ExpectedResult = null)]
    [TestCase("86:00.0", ExpectedResult = null)]
    [TestCase("10000:e1:00.4", ExpectedResult = "10000:e1:00.4"), TestCase("FFFFFFFF:ff:1f.7", ExpectedResult = "ffffffff:ff:1f.7")]
    [TestCase("100000000:e1:00.4", ExpectedResult = null), TestCase("000:e1:00.40", ExpectedResult = null)]
    [TestCase("+0000:e1:00.4", ExpectedResult = null)]
    [TestCase("0000:86:00.0 ", ExpectedResult = null), TestCase("0000:+6:00.0", ExpectedResult = null)]
    public string? A_PCI_address_is_read_as_sysfs_writes_it(string text) =>
        PciAddress.TryParse(text, out var address) ? address.ToString() : null;

    [TestCase("6A2F1C3E-0000-4000-8000-000000000001"), TestCase("6a2f1c3e000040008000000000000001")]
    public void A_uuid_is_compared_in_lower_case_with_dashes(string text)
    {
        Assert.That(DeviceId.TryParse(text, out var device), Is.True);
        Assert.That(device!.ToString(), Is.EqualTo(DomainText.First));
    }

    [TestCase("0000:86:00.0", "0000:86:00.0", "pci", ExpectedResult = true)]
    [TestCase("pci_0000_86_00_0", "0000:86:00.0", "pci", ExpectedResult = true)]
    [TestCase("0000:AF:00.0", "0000:af:00.0", "pci", ExpectedResult = true)]
    [TestCase("css_0_0_0023", "0.0.0023", "css", ExpectedResult = true)]
    [TestCase("mtty_mtty", "mtty", "mtty", ExpectedResult = true)]
    [TestCase("pci_0000_AF_00_0", "0000:af:00.0", "pci", ExpectedResult = true)]
    [TestCase("86:00.0", "0000:86:00.0", "pci", ExpectedResult = true)]
    [TestCase("0001:C8:00.2", "0001:c8:00.2", "pci", ExpectedResult = true)]
    [TestCase("00000001:C8:00.2", "0001:c8:00.2", "pci", ExpectedResult = true, Description = "nvidia-smi")]
    [TestCase("pci_10000_e1_00_4", "10000:e1:00.4", "pci", ExpectedResult = true)]
    [TestCase("ap_matrix", "matrix", "matrix", ExpectedResult = true), TestCase("matrix", "matrix", "matrix", ExpectedResult = true)]
    [TestCase("ap_matrix", "matrix", "css", ExpectedResult = false)]
    [TestCase("mdev_6a2f1c3e_0000_4000_8000_000000000001_0000_86_00_0", "0000:86:00.0", "pci", ExpectedResult = false)]
    [TestCase("usb_0000_86_00_0", "0000:86:00.0", "pci", ExpectedResult = false)]
    [TestCase("mtty", "mtty2", "mtty", ExpectedResult = false)]
    public bool A_parent_is_named_as_sysfs_or_as_libvirt_does(string declared, string parent, string subsystem) =>
        ParentName.TryParse(declared, out var name) && name.Names(SysfsName.Parse(parent), () => SysfsName.Parse(subsystem));

    [TestCase("0000:86:00.1", "0000:86:00.0", ExpectedResult = true), TestCase("pci_0000_87_00_0", "0000:86:00.0", ExpectedResult = true)]
    [TestCase("mdev_6a2f1c3e_0000_4000_8000_000000000001_0000_86_00_0", "0000:86:00.0", ExpectedResult = true)]
    [TestCase("mty", "mtty", ExpectedResult = true), TestCase("0000:99:00.0", "0000:86:00.0", ExpectedResult = false)]
    public bool A_name_with_one_mistake_resembles_a_parents(string declared, string parent) =>
        ParentName.TryParse(declared, out var name) && name.Resembles(SysfsName.Parse(parent));

    [TestCase("0x22e", ExpectedResult = 558u), TestCase("0X22E", ExpectedResult = 558u), TestCase("558", ExpectedResult = 558u)]
    [TestCase("0", ExpectedResult = null), TestCase("0x0", ExpectedResult = null), TestCase("0x", ExpectedResult = null)]
    [TestCase("22e", ExpectedResult = null), TestCase("-1", ExpectedResult = null), TestCase("0x1ffffffff", ExpectedResult = null)]
    [TestCase(null, ExpectedResult = null)]
    public uint? A_number_is_decimal_or_hexadecimal_with_its_prefix(string? text) => TypeNumber.Parse(text);

    [TestCase("GRID M60-4Q", "m60-4q"), TestCase("nvidia m60_4q", "m60-4q"), TestCase("grid_M60 4Q", "m60-4q"), TestCase("M604Q", "m604q")]
    [TestCase("NVIDIA RTX Pro 6000 Blackwell DC-1-2Q", "rtxpro6000blackwelldc1-2q"), TestCase("DC_1 2Q", "dc1-2q")]
    [TestCase("DC-12Q", "dc12q")]
    [TestCase("m60 -_ 4q", "m60-4q"), TestCase("\tM60\u00a04Q\n", "m60-4q"), TestCase("1 - 2", "1-2"), TestCase("-1-2-", "1-2")]
    [TestCase("GRID -_M60-4Q", "m60-4q"), TestCase("GRIDM60-4Q", "m60-4q"), TestCase("NVIDIA-M60-4Q", "m60-4q")]
    [TestCase("NVIDIA GRID M60-4Q", "m60-4q")]
    [TestCase("i915-GVTg_V4_2", "i915gvtgv4-2"), TestCase("nvidia-18", "nvidia18"), TestCase("GRID 1 2", "grid1-2")]
    [TestCase("GRID", "grid")]
    [TestCase("GRID NVIDIA", "nvidia"), TestCase("", ""), TestCase(" -_\u00a0", "")]
    [TestCase("1\u0660-\u06602", "1\u0660\u06602", Description = "only 0 to 9 are digits here")]
    public void Spelling_does_not_count_in_a_type(string name, string normal) => Assert.That(TypeName.Normalise(name), Is.EqualTo(normal));

    [TestCase("a=1", ExpectedResult = true), TestCase("a=1,b.c-d=/x", ExpectedResult = true), TestCase("a=", ExpectedResult = true)]
    [TestCase("a", ExpectedResult = false), TestCase("=1", ExpectedResult = false), TestCase("a=1,", ExpectedResult = false)]
    [TestCase("vm_uuid=1", ExpectedResult = false), TestCase("a=1,vgpu_type_id=2", ExpectedResult = false)]
    [TestCase("a=1 2", ExpectedResult = false), TestCase("a=1\n", ExpectedResult = false)]
    public bool Vendor_arguments_are_pairs_that_are_not_ours(string args) => VendorArgs.Problem(args) is null;

    [TestCase("0-3,^2,8", ExpectedResult = "0 1 3 8"), TestCase("5", ExpectedResult = "5"), TestCase("1-", ExpectedResult = null)]
    [TestCase("a", ExpectedResult = null)]
    [TestCase("0-999999999", ExpectedResult = null), TestCase(null, ExpectedResult = null)]
    public string? A_set_of_numbers_is_read_as_libvirt_writes_it(string? text) =>
        NumberSet.Parse(text) is { } set ? string.Join(' ', set) : null;

    [Test]
    public void The_words_of_an_enumeration_are_those_of_the_declaration()
    {
        Assert.Multiple(() =>
        {
            Assert.That(EnumText.Of(Placement.BreadthFirst), Is.EqualTo("breadth-first"));
            Assert.That(EnumText.TryParse<Placement>("depth-first", out var placement) ? placement : null,
                Is.EqualTo(Placement.DepthFirst));
            Assert.That(EnumText.TryParse<Placement>("DepthFirst", out _), Is.False);
            Assert.That(EnumText.Choices<GpuRule>(), Is.EqualTo("'any', 'same' or 'different'"));
        });
    }

    [Test]
    public void Of_several_sets_those_count_that_are_some() =>
        Assert.That(NumberSet.Union(["0-2,^1", "nonsense", "7", "1-0", "8192", "0-1,x"]), Is.EqualTo(new[] { 0, 2, 7 }));

    [Test]
    public void A_set_of_many_wide_ranges_takes_no_time()
    {
        var begin = Environment.TickCount64;
        Assert.That(NumberSet.Parse(string.Concat(Enumerable.Repeat("0-8191,", 500_000)) + "0"), Has.Count.EqualTo(8192));
        Assert.That(Environment.TickCount64 - begin, Is.LessThan(10_000));
    }
}
