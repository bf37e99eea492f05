using System.Buffers;

namespace LibvirtMdevHook.Domains;

/// <summary>
/// Finds a tag with very many attributes before a reader does. A reader of .NET keeps the names of
/// all attributes of an element and compares them, which takes seconds for hundreds of thousands.
/// </summary>
internal static class TagAttributes
{
    /// <summary>What has a meaning in a tag: an attribute, its quotes, and the tag's end.</summary>
    private static readonly SearchValues<char> InTag = SearchValues.Create("=\"'>");

    /// <param name="text">An XML document that may not be well-formed.</param>
    /// <returns>
    /// The index of the first start tag with more attributes; null when there is none.
    /// </returns>
    public static int? FirstTagWithMoreThan(int maximum, string text)
    {
        for (var start = text.IndexOf('<', StringComparison.Ordinal); start >= 0;)
        {
            var end = EndOfMarkup(text, start) ?? EndOfTag(text, start, maximum);
            if (end is not { } next)
                return start;
            start = next >= text.Length ? -1 : text.IndexOf('<', next);
        }

        return null;
    }

    /// <returns>
    /// The index behind a comment, a CDATA section or a processing instruction; null where another
    /// tag begins.
    /// </returns>
    private static int? EndOfMarkup(string text, int start)
    {
        foreach (var (begin, end) in new[] { ("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>") })
        {
            if (string.CompareOrdinal(text, start, begin, 0, begin.Length) != 0)
                continue;
            var found = text.IndexOf(end, start + begin.Length, StringComparison.Ordinal);
            return found < 0 ? text.Length : found + end.Length;
        }

        return null;
    }

    /// <returns>The index behind the tag; null when it has more attributes.</returns>
    private static int? EndOfTag(string text, int start, int maximum)
    {
        var attributes = 0;
        for (var at = start; at < text.Length; at++)
        {
            var step = text.AsSpan(at).IndexOfAny(InTag);
            if (step < 0)
                break;
            at += step;
            if (text[at] == '>')
                return at + 1;
            if (text[at] == '=')
            {
                attributes++;
                if (attributes > maximum)
                    return null;
                continue;
            }

            var close = text.IndexOf(text[at], at + 1);
            if (close < 0)
                break;
            at = close;
        }

        return text.Length;
    }
}
