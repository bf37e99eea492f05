using System.Buffers;
using System.Globalization;
using System.Text;

namespace LibvirtMdevHook.Linux;

/// <summary>
/// Keeps a message on one line of a terminal. Names of domains, texts of drivers and names of
/// processes come from outside. They may hold line ends, sequences that a terminal obeys, and
/// characters that reverse the direction of the text.
/// </summary>
internal static class OneLine
{
    /// <summary>
    /// The control characters (C0, DEL and C1), which <see cref="char.IsControl(char)"/> knows, the
    /// two line ends of Unicode and its controls of the direction of text.
    /// </summary>
    private static readonly SearchValues<char> Hidden = SearchValues.Create(
    [
        .. Enumerable.Range(0, 0xa0).Select(c => (char)c).Where(char.IsControl),
        '\u061c', '\u200e', '\u200f',
        '\u2028', '\u2029', '\u202a', '\u202b', '\u202c', '\u202d', '\u202e', '\u2066', '\u2067', '\u2068', '\u2069',
    ]);

    /// <returns>
    /// The text in which each such character is written as in the source of a program: <c>\n</c>,
    /// <c>\t</c>, <c>\u009b</c>.
    /// </returns>
    public static string Of(string text) => Of(text, kept: "");

    /// <returns>The same for a text of several lines, whose line ends and tabs stay.</returns>
    public static string OfEach(string lines) => Of(lines, kept: "\n\t");

    /// <returns>
    /// The same for a text in JSON, whose line ends stay. All other such characters are in its
    /// strings, and JSON has the same escapes for them.
    /// </returns>
    public static string OfJson(string json) => Of(json, kept: "\n");

    private static string Of(string text, string kept)
    {
        if (!text.AsSpan().ContainsAny(Hidden))
            return text;
        var shown = new StringBuilder(text.Length + 16);
        foreach (var c in text)
        {
            if (Hidden.Contains(c) && !kept.Contains(c, StringComparison.Ordinal))
                shown.Append(Written(c));
            else
                shown.Append(c);
        }

        return shown.ToString();
    }

    private static string Written(char c) => c switch
    {
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        _ => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
    };
}
