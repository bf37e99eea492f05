using LibvirtMdevHook.Hosts;
using NUnit.Framework;

namespace LibvirtMdevHook.Tests.Hosts;

/// <summary>The table of types as in the 2016 proposal, and in other possible forms.</summary>
internal sealed class Rfc2016TableTests
{
    private const string Row = "17      ,\"GRID M60-4Q\",       2,       4,      60,    4096M,    3840x2160\n";

    [Test]
    public void A_header_wrapped_over_two_lines_is_no_row()
    {
        var type = Rfc2016Table.Parse("# vgpu_type_id, vgpu_type, max_instance, num_heads, frl_config, framebuffer,\nmax_resolution\n"
            + Row).Single();
        Assert.Multiple(() =>
        {
            Assert.That(type.Id.ToString(), Is.EqualTo("17"));
            Assert.That(type.Name, Is.EqualTo("GRID M60-4Q"));
            Assert.That(type.MaxInstances, Is.EqualTo(2));
            Assert.That(type.Framebuffer, Is.EqualTo("4096M"));
            Assert.That(type.Description,
                Is.EqualTo("max_instance=2, num_heads=4, frl_config=60, framebuffer=4096M, max_resolution=3840x2160"));
        });
    }

    [Test]
    public void Columns_go_by_the_header()
    {
        var type = Rfc2016Table.Parse("# max_instance, vgpu_type_id, vgpu_type\n4, 16, \"GRID M60-2Q\"\n").Single();
        Assert.That((type.Id.ToString(), type.Name, type.MaxInstances), Is.EqualTo(("16", "GRID M60-2Q", (int?)4)));
    }

    [Test]
    public void Without_a_header_columns_go_by_the_proposal() =>
        Assert.That(Rfc2016Table.Parse(Row).Single().Name, Is.EqualTo("GRID M60-4Q"));

    [Test]
    public void A_comma_in_a_quoted_name_is_part_of_it() =>
        Assert.That(Rfc2016Table.Parse("1, \"one, two\", 3\n").Single().Name, Is.EqualTo("one, two"));

    [TestCase(""), TestCase("\n\n"), TestCase("# vgpu_type_id\n"), TestCase("nonsense\n"), TestCase("1/../2, \"x\", 1\n")]
    [TestCase(",,,\n")]
    public void What_is_no_row_is_no_type(string text) => Assert.That(Rfc2016Table.Parse(text), Is.Empty);

    [Test]
    public void A_row_cut_short_has_what_is_there()
    {
        var type = Rfc2016Table.Parse("17, \"GRID M60-4Q\"\n").Single();
        Assert.That((type.Name, type.MaxInstances, type.Framebuffer), Is.EqualTo(("GRID M60-4Q", (int?)null, (string?)null)));
    }

    [Test]
    public void A_table_of_many_columns_and_rows_takes_no_time()
    {
        var text = $"# vgpu_type_id{new string(',', 1 << 19)}\n{string.Concat(Enumerable.Repeat("1\n", 1 << 18))}";
        var begin = Environment.TickCount64;
        Assert.That(Rfc2016Table.Parse(text), Has.Length.EqualTo(1 << 18));
        Assert.That(Environment.TickCount64 - begin, Is.LessThan(10_000));
    }
}
