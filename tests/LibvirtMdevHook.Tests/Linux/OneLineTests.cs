using LibvirtMdevHook.Linux;
using NUnit.Framework;

namespace LibvirtMdevHook.Tests.Linux;

/// <summary>What a terminal would obey is shown as what it is.</summary>
internal sealed class OneLineTests
{
    [TestCase("win10", "win10")]
    [TestCase("\u540d\u524d d\u00f6m\u00e4in '\\n'", "\u540d\u524d d\u00f6m\u00e4in '\\n'")]
    [TestCase("a\nb\r\tc", "a\\nb\\r\\tc")]
    [TestCase("\u001b[31m", "\\u001b[31m")]
    [TestCase("\0\u007f\u0085\u009b", "\\u0000\\u007f\\u0085\\u009b")]
    [TestCase("\u2028\u2029", "\\u2028\\u2029")]
    [TestCase("\u202a\u202e\u2066\u2069", "\\u202a\\u202e\\u2066\\u2069")]
    public void A_text_is_one_harmless_line(string text, string shown) => Assert.That(OneLine.Of(text), Is.EqualTo(shown));

    [Test]
    public void The_lines_of_a_document_stay() =>
        Assert.That(OneLine.OfEach("<a>\n\t<b\u009b/>\r\n"), Is.EqualTo("<a>\n\t<b\\u009b/>\\r\n"));

    [Test]
    public void Json_has_escapes_of_its_own() =>
        Assert.That(OneLine.OfJson("{\n  \"a\": \"\u202eb\\n\"\n}"), Is.EqualTo("{\n  \"a\": \"\\u202eb\\n\"\n}"));
}
