using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using NUnit.Framework;

namespace LibvirtMdevHook.Tests.Hosts;

/// <summary>The three masks of vfio_ap's ap_config, as people write them and as the kernel prints them.</summary>
internal sealed class ApConfigTests
{
    private static readonly string Printed = $"0x06{Zeros(62)},0x08{Zeros(62)},0xa{Zeros(63)}";

    [TestCase("0x06,0x08,0xa0")]
    [TestCase("0x060000,0x08,0xA")]
    [TestCase("06,08,a")]
    public void Padding_and_case_make_no_difference(string written)
    {
        Assert.That(ApConfig.Parse(written)!.IsSameAs(ApConfig.Parse(Printed)!));
        Assert.That(ApConfig.Parse(written)!.Masks.Select(mask => string.Join(' ', mask)), Is.EqualTo(new[] { "5 6", "4", "0 2" }));
    }

    [TestCase("0x6,0x08,0xa0", Description = "the leftmost digit has the numbers 0 to 3")]
    [TestCase("0x06,0x0800000000000000001,0xa0")]
    [TestCase("0x06,0xa0,0x08")]
    public void Other_numbers_are_a_difference(string written) =>
        Assert.That(ApConfig.Parse(written)!.IsSameAs(ApConfig.Parse(Printed)!), Is.False);

    [TestCase("")]
    [TestCase("0x06,0x08")]
    [TestCase("0x06,0x08,0xa0,0x1")]
    [TestCase("0x06,,0xa0,0x1")]
    [TestCase("0x06,0x,0xa0")]
    [TestCase("0x06,+0x08,0xa0")]
    public void What_is_not_three_masks_is_told(string written) => Assert.That(ApConfig.Parse(written), Is.Null);

    [Test]
    public void The_matrix_is_looked_up_as_for_single_assignments()
    {
        using var tree = new TreeOfText("device/matrix = 05.0004\\n06.0004\\n\ndevice/control_domains = \\n");
        Attr[] added = [Attr("ap_config", "0x02,0x08,0x0"), Attr("assign_adapter", "5")];

        Assert.That(ApMatrix.Difference(tree.Root.At("/device"), added), Is.Null);
        Assert.That(ApMatrix.Difference(tree.Root.At("/device"), [Attr("ap_config", "0x06,0x08,0x0")]), Is.Null);
        Assert.That(ApMatrix.Difference(tree.Root.At("/device"), [Attr("ap_config", "0x02,0x08,0x0")]),
            Is.EqualTo("its 'matrix' has 05.0004, 06.0004, expected 06.0004"));
    }

    private static string Zeros(int count) => new('0', count);

    private static Attr Attr(string name, string value)
    {
        Assert.That(AttrName.TryParse(name, [], out var parsed));
        return new Attr(parsed!, value);
    }
}
