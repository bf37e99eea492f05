using LibvirtMdevHook.Reports;
using NUnit.Framework;

namespace LibvirtMdevHook.Tests.Reports;

internal sealed class ColumnsTests
{
    private const string Long = "another size is in use ('GRID M60-4Q', 4096M); end the domain that has it";

    [Test]
    public void Each_column_is_as_wide_as_its_widest_cell() =>
        Assert.That(Lines(null, ["a", "bb", "c"], ["aaa", "b", "c"]), Is.EqualTo(new[] { "  a    bb  c", "  aaa  b   c" }));

    [Test]
    public void A_column_without_text_is_left_out() =>
        Assert.That(Lines(null, ["a", "", "c", ""], ["b", "", "", ""]), Is.EqualTo(new[] { "  a  c", "  b" }));

    [Test]
    public void No_rows_are_no_lines() => Assert.That(Lines(80), Is.Empty);

    [Test]
    public void Without_a_terminal_a_line_has_any_width() => Assert.That(Lines(null, ["a", Long]), Is.EqualTo(new[] { $"  a  {Long}" }));

    [Test]
    public void The_last_cell_goes_on_below_itself() => Assert.That(
        Lines(50, ["GRID M60-2Q", Long], ["b", "c"]),
        Is.EqualTo(new[]
        {
            "  GRID M60-2Q  another size is in use",
            "               ('GRID M60-4Q', 4096M); end the",
            "               domain that has it",
            "  b            c",
        }));

    [Test]
    public void Where_little_room_is_left_it_begins_in_the_next_line() => Assert.That(
        Lines(30, ["0000:86:00.0", "x", Long], ["b", "c", "d"]),
        Is.EqualTo(new[]
        {
            "  0000:86:00.0  x",
            "      another size is in use",
            "      ('GRID M60-4Q', 4096M);",
            "      end the domain that has",
            "      it",
            "  b             c  d",
        }));

    [Test]
    public void Columns_without_room_go_on_in_the_next_line() => Assert.That(
        Lines(30, ["DEVICE", "DOMAIN", "TYPE", "STATE"], ["0000:86:00.4", "win10", "GRID M60-4Q", "online"]),
        Is.EqualTo(new[]
        {
            "  DEVICE        DOMAIN",
            "      TYPE         STATE",
            "  0000:86:00.4  win10",
            "      GRID M60-4Q  online",
        }));

    [Test]
    public void A_single_cell_goes_on_at_the_indentation() => Assert.That(
        Lines(40, [Long]),
        Is.EqualTo(new[] { "  another size is in use ('GRID M60-4Q',", "  4096M); end the domain that has it" }));

    [Test]
    public void A_command_stays_in_one_line_to_be_copied() => Assert.That(
        Lines(40, ["its VFs are not enabled; run '/usr/lib/nvidia/sriov-manage -e ALL'; that is all"]),
        Is.EqualTo(new[]
        {
            "  its VFs are not enabled; run",
            "  '/usr/lib/nvidia/sriov-manage -e ALL';",
            "  that is all",
        }));

    [Test]
    public void A_key_stays_with_its_value() => Assert.That(
        Lines(40, ["low_gm_size: 256MB, high_gm_size: 1024MB, fence: 4"]),
        Is.EqualTo(new[] { "  low_gm_size: 256MB,", "  high_gm_size: 1024MB, fence: 4" }));

    [Test]
    public void A_word_that_is_too_long_is_not_cut() => Assert.That(
        Lines(20, [$"see {new string('x', 30)} there"]),
        Is.EqualTo(new[] { "  see", $"  {new string('x', 30)}", "  there" }));

    [Test]
    public void What_a_terminal_would_obey_counts_as_it_is_shown() =>
        Assert.That(Lines(null, ["\n", "b"], ["a", "b"]), Is.EqualTo(new[] { "  \\n  b", "  a   b" }));

    private static IEnumerable<string> Lines(int? width, params string[][] rows) => Columns.Lines(rows, "  ", width);
}
