using System.Collections.Immutable;
using System.Xml;

namespace LibvirtMdevHook.Domains;

/// <summary>
/// Blanks what other applications keep in a domain's metadata, line by line, before the XML is read with its namespaces. libvirt itself
/// stores there what no namespace-aware reader takes (<c>virsh metadata --set '&lt;p:x/&gt;'</c> becomes <c>&lt;p:p:x&gt;</c>), and that
/// of others is none of our business. Bounds the depth, refuses a DTD, and finds the doubled prefix in our own element.
/// </summary>
internal sealed class ForeignMetadata
{
    private const int MaximumDepth = 256;

    private readonly string _text;
    private readonly char[] _cleaned;
    private readonly ImmutableArray<int> _lineStarts;
    private readonly Dictionary<string, string>[] _scopes = [[], [], []];

    private ForeignMetadata(string text)
    {
        _text = text;
        _cleaned = text.ToCharArray();
        _lineStarts = LineStarts(text);
    }

    /// <returns>The same text, of the same length and lines, with only our element left in metadata.</returns>
    /// <exception cref="DomainXmlException">It is not well-formed, has a DTD, is nested too deeply, or our element has a doubled prefix.</exception>
    public static string Blank(string text)
    {
        try
        {
            return new ForeignMetadata(text).Run();
        }
        catch (XmlException e)
        {
            // Of a DTD, and of it alone, the reader does not say where it is.
            throw e.LineNumber > 0
                ? Invalid(e.LineNumber, NotWellFormed(e))
                : Invalid(LineOf(text, "<!DOCTYPE"), "the XML has a DTD, which is refused; remove the <!DOCTYPE>");
        }
    }

    /// <summary>The reader's own sentence, without the place that it ends with.</summary>
    public static string NotWellFormed(XmlException e)
    {
        var place = e.Message.IndexOf($" Line {e.LineNumber},", StringComparison.Ordinal);
        return $"the XML is not well-formed: {(place < 0 ? e.Message : e.Message[..place])}";
    }

    private string Run()
    {
        // The one reader of .NET that can leave namespaces alone: 'a:b:c' is a legal name of XML 1.0.
#pragma warning disable CA3075 // DTDs are prohibited and there is no resolver.
        using var reader = new XmlTextReader(new StringReader(_text)) { Namespaces = false, DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null };
#pragma warning restore CA3075
        var path = new string?[3];
        var foreignStart = -1;
        var insideOurs = false;
        while (reader.Read())
        {
            if (reader.Depth > MaximumDepth)
                throw Invalid(reader.LineNumber, $"the XML is nested deeper than {MaximumDepth} elements");
            var isMetadataChild = reader.Depth == 2 && path[0] == "domain" && path[1] == "metadata";
            if (reader.NodeType == XmlNodeType.Element)
            {
                if (reader.Depth < 3)
                    path[reader.Depth] = reader.Name;
                if (isMetadataChild || reader.Depth < 2)
                    Enter(reader);
                if (isMetadataChild)
                    insideOurs = Namespace(reader.Name).StartsWith(DeclarationXml.NamespaceStem, StringComparison.Ordinal);
                if (insideOurs && reader.Depth >= 2 && reader.Name.Count(c => c == ':') > 1)
                    throw Invalid(reader.LineNumber, DoubledPrefix(reader.Name));
                if (isMetadataChild && !insideOurs)
                    foreignStart = Offset(reader.LineNumber, reader.LinePosition) - 1;
                if (isMetadataChild && reader.IsEmptyElement)
                    foreignStart = End(foreignStart, ref insideOurs, foreignStart);
            }
            else if (reader.NodeType == XmlNodeType.EndElement && isMetadataChild)
            {
                foreignStart = End(foreignStart, ref insideOurs, Offset(reader.LineNumber, reader.LinePosition));
            }
        }

        return new string(_cleaned);
    }

    /// <summary>Ends a child of metadata whose last tag begins at or before <paramref name="lastTag"/>.</summary>
    private int End(int foreignStart, ref bool insideOurs, int lastTag)
    {
        insideOurs = false;
        if (foreignStart < 0)
            return -1;
        var end = TagEnd(lastTag);
        for (var i = foreignStart; i <= end; i++)
        {
            if (_cleaned[i] is not ('\n' or '\r'))
                _cleaned[i] = ' ';
        }

        return -1;
    }

    private int TagEnd(int from)
    {
        var quote = '\0';
        for (var i = from; i < _text.Length; i++)
        {
            var c = _text[i];
            if (quote != '\0')
                quote = c == quote ? '\0' : quote;
            else if (c is '"' or '\'')
                quote = c;
            else if (c == '>')
                return i;
        }

        return _text.Length - 1;
    }

    private void Enter(XmlTextReader reader)
    {
        var scope = _scopes[reader.Depth];
        scope.Clear();
        for (var more = reader.MoveToFirstAttribute(); more; more = reader.MoveToNextAttribute())
        {
            if (reader.Name == "xmlns")
                scope[""] = reader.Value;
            else if (reader.Name.StartsWith("xmlns:", StringComparison.Ordinal))
                scope[reader.Name["xmlns:".Length..]] = reader.Value;
        }

        reader.MoveToElement();
    }

    private string Namespace(string name)
    {
        var colon = name.IndexOf(':', StringComparison.Ordinal);
        var prefix = colon < 0 ? "" : name[..colon];
        return _scopes.Reverse().Select(s => s.GetValueOrDefault(prefix)).FirstOrDefault(uri => uri is not null) ?? "";
    }

    private int Offset(int line, int position) => _lineStarts[line - 1] + position - 1;

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

    private static int LineOf(string text, string what) =>
        text.AsSpan(0, Math.Max(0, text.IndexOf(what, StringComparison.Ordinal))).Count('\n') + 1;

    private static string DoubledPrefix(string name)
    {
        var prefix = name[..name.IndexOf(':', StringComparison.Ordinal)];
        return $"the element '{name}' has a doubled prefix, which no XML reader takes; 'virsh metadata --set' adds the prefix itself, "
            + $"so set it again with elements written without one: virsh metadata DOMAIN --uri {DeclarationXml.Namespace} --key {prefix} "
            + "--set '<hostdevs><hostdev .../></hostdevs>'";
    }

    private static DomainXmlException Invalid(int line, string text) => new([new Problem(line, text)]);
}
