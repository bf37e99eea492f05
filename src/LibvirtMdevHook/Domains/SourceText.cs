using System.Collections.Immutable;
using System.Xml;
using System.Xml.Linq;

namespace LibvirtMdevHook.Domains;

/// <summary>
/// The text of a document, in which the line and position that a reader gives can be found.
/// </summary>
internal sealed class SourceText
{
    private readonly ImmutableArray<int> _lineStarts;

    public SourceText(string text) => (Text, _lineStarts) = (text, LineStarts(text));

    public string Text { get; }

    /// <summary>
    /// A reader that ignores namespaces and refuses DTDs. No other reader of .NET can ignore
    /// namespaces. XML 1.0 without them allows the name <c>a:b:c</c>.
    /// </summary>
    public XmlTextReader Reader()
    {
#pragma warning disable CA3075 // DTDs are prohibited and there is no resolver.
        return new XmlTextReader(new StringReader(Text))
        {
            Namespaces = false, DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null,
        };
#pragma warning restore CA3075
    }

    /// <returns>The index in the text.</returns>
    public int Offset(int line, int position) => _lineStarts[line - 1] + position - 1;

    /// <param name="node">
    /// An element or attribute that was read from this text with its line.
    /// </param>
    /// <returns>The index of its name. That of an element comes one after its '&lt;'.</returns>
    public int Offset(XObject node) => Offset(((IXmlLineInfo)node).LineNumber, ((IXmlLineInfo)node).LinePosition);

    /// <returns>
    /// The index of the '>' that ends the tag in which <paramref name="from"/> is.
    /// </returns>
    public int TagEnd(int from)
    {
        var quote = '\0';
        for (var i = from; i < Text.Length; i++)
        {
            var c = Text[i];
            if (c == quote)
                quote = '\0';
            else if (quote != '\0')
                continue;
            else if (c is '"' or '\'')
                quote = c;
            else if (c == '>')
                return i;
        }

        return Text.Length - 1;
    }

    /// <returns>
    /// The index of the last '>' of the element whose '&lt;' is at <paramref name="start"/>.
    /// </returns>
    public int ElementEnd(int start)
    {
        var rest = new SourceText(Text[start..]);
        using var reader = rest.Reader();
        while (reader.Read())
        {
            if (reader.Depth == 0 && (reader.IsEmptyElement || reader.NodeType == XmlNodeType.EndElement))
                break;
        }

        return start + rest.TagEnd(rest.Offset(reader.LineNumber, reader.LinePosition));
    }

    private static ImmutableArray<int> LineStarts(string text)
    {
        var starts = ImmutableArray.CreateBuilder<int>();
        starts.Add(0);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\n' || (text[i] == '\r' && (i + 1 == text.Length || text[i + 1] != '\n')))
                starts.Add(i + 1);
        }

        return starts.ToImmutable();
    }
}
