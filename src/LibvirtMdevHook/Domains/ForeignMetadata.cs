using System.Xml;

namespace LibvirtMdevHook.Domains;

/// <summary>
/// Blanks what other applications keep in a domain's metadata, line by line, before the XML is read with its namespaces. libvirt itself
/// stores there what no namespace-aware reader takes (<c>virsh metadata --set '&lt;p:x/&gt;'</c> becomes <c>&lt;p:p:x&gt;</c>), and that
/// of others is none of our business. Bounds the depth and the attributes, refuses a DTD, and finds the doubled prefix in our own element.
/// </summary>
internal sealed class ForeignMetadata
{
    private const int MaximumDepth = 256;

    /// <summary>Of one element: the reader of namespaces compares them with each other.</summary>
    private const int MaximumAttributes = 1000;

    private readonly SourceText _source;
    private readonly char[] _cleaned;
    private readonly Dictionary<string, string>[] _scopes = [[], [], []];

    private ForeignMetadata(SourceText source) => (_source, _cleaned) = (source, source.Text.ToCharArray());

    /// <returns>The same text, of the same length and lines, with only our element left in metadata.</returns>
    /// <exception cref="DomainXmlException">It is not well-formed, has a DTD, is nested too deeply, or our element has a doubled prefix.</exception>
    public static string Blank(SourceText source)
    {
        try
        {
            return new ForeignMetadata(source).Run();
        }
        catch (XmlException e)
        {
            // Of a DTD, and of it alone, the reader does not say where it is.
            throw e.LineNumber > 0
                ? Invalid(e.LineNumber, NotWellFormed(e))
                : Invalid(LineOf(source.Text, "<!DOCTYPE"), "the XML has a DTD, which is refused; remove the <!DOCTYPE>");
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
        using var reader = _source.Reader();
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
                    foreignStart = _source.Offset(reader.LineNumber, reader.LinePosition) - 1;
                if (foreignStart < 0 && reader.AttributeCount > MaximumAttributes)
                    throw Invalid(reader.LineNumber, $"an element has more than {MaximumAttributes} attributes");
                if (isMetadataChild && reader.IsEmptyElement)
                    foreignStart = End(foreignStart, ref insideOurs, foreignStart);
            }
            else if (reader.NodeType == XmlNodeType.EndElement && isMetadataChild)
            {
                foreignStart = End(foreignStart, ref insideOurs, _source.Offset(reader.LineNumber, reader.LinePosition));
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
        var end = _source.TagEnd(lastTag);
        for (var i = foreignStart; i <= end; i++)
        {
            if (_cleaned[i] is not ('\n' or '\r'))
                _cleaned[i] = ' ';
        }

        return -1;
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
