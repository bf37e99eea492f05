using System.Collections.Immutable;
using System.Xml;
using System.Xml.Linq;

namespace LibvirtMdevHook.Domains;

/// <summary>The text of a document, with the places in it that a reader tells by line and position.</summary>
internal sealed class SourceText
{
    private readonly ImmutableArray<int> _lineStarts;

    public SourceText(string text) => (Text, _lineStarts) = (text, LineStarts(text));

    public string Text { get; }

    /// <summary>
    /// A reader that leaves namespaces alone, the only one of .NET that can: <c>a:b:c</c> is a legal name of XML 1.0. It refuses DTDs.
    /// </summary>
    public XmlTextReader Reader()
    {
#pragma warning disable CA3075 // DTDs are prohibited and there is no resolver.
        return new XmlTextReader(new StringReader(Text)) { Namespaces = false, DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null };
#pragma warning restore CA3075
    }

    /// <returns>Where a place is in the text.</returns>
    public int Offset(int line, int position) => _lineStarts[line - 1] + position - 1;

    /// <summary>Of an element the place of its name, one after its '&lt;'; of an attribute that of its name.</summary>
    /// <param name="node">Read from this text with its line.</param>
    public int Offset(XObject node) => Offset(((IXmlLineInfo)node).LineNumber, ((IXmlLineInfo)node).LinePosition);

    /// <returns>The place of the '>' that ends the tag in which <paramref name="from"/> is.</returns>
    public int TagEnd(int from)
    {
        var quote = '\0';
        for (var i = from; i < Text.Length; i++)
        {
            var c = Text[i];
            if (quote != '\0')
                quote = c == quote ? '\0' : quote;
            else if (c is '"' or '\'')
                quote = c;
            else if (c == '>')
                return i;
        }

        return Text.Length - 1;
    }

    /// <returns>The place of the last '>' of the element whose '&lt;' is at <paramref name="start"/>.</returns>
    public int ElementEnd(int start)
    {
        var rest = new SourceText(Text[start..]);
        using var reader = rest.Reader();
        while (reader.Read() && !(reader.Depth == 0 && (reader.IsEmptyElement || reader.NodeType == XmlNodeType.EndElement)))
        {
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
