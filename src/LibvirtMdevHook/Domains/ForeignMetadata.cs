using System.Xml;

namespace LibvirtMdevHook.Domains;

/// <summary>
/// Replaces by blanks what other applications keep in a domain's metadata, before the XML is read
/// with its namespaces. libvirt itself stores elements there that no namespace-aware reader takes
/// (<c>virsh metadata --set '&lt;p:x/&gt;'</c> becomes <c>&lt;p:p:x&gt;</c>), and those of other
/// applications are not this program's business. It also limits the depth and the number of
/// attributes, refuses a DTD, and finds such a doubled prefix in our own element.
/// </summary>
internal sealed class ForeignMetadata
{
    private const int MaximumDepth = 256;

    /// <summary>
    /// The most attributes of one element: the namespace-aware reader compares each with all
    /// others.
    /// </summary>
    private const int MaximumAttributes = 1000;

    /// <summary>
    /// The most attributes of an element of another application. Only the reader without namespaces
    /// reads it, which is quicker.
    /// </summary>
    private const int MaximumForeignAttributes = 20_000;

    private readonly SourceText _source;
    private readonly XmlTextReader _reader;
    private readonly char[] _cleaned;

    /// <summary>The names of the elements that the reader is in, at the depths 0 to 2.</summary>
    private readonly string?[] _path = new string?[3];

    /// <summary>The namespaces that these elements declare, by prefix.</summary>
    private readonly Dictionary<string, string>[] _scopes = [[], [], []];

    /// <summary>
    /// The index at which the foreign element begins that the reader is in; null outside of one.
    /// </summary>
    private int? _foreignStart;

    private bool _isInOurs;

    private ForeignMetadata(SourceText source, XmlTextReader reader) =>
        (_source, _reader, _cleaned) = (source, reader, source.Text.ToCharArray());

    /// <returns>
    /// The text with only our elements in metadata. All other characters keep their lines and
    /// positions.
    /// </returns>
    /// <exception cref="DomainXmlException">
    /// The text is not well-formed, has a DTD or is nested too deeply, an element has too many
    /// attributes, or one of ours a doubled prefix.
    /// </exception>
    public static string Blank(SourceText source)
    {
        if (TagAttributes.FirstTagWithMoreThan(MaximumForeignAttributes, source.Text) is { } tag)
            throw Invalid(source.Text.AsSpan(0, tag).Count('\n') + 1, $"an element has more than {MaximumForeignAttributes} attributes");
        using var reader = source.Reader();
        try
        {
            return new ForeignMetadata(source, reader).Run();
        }
        catch (XmlException e) when (e.LineNumber > 0)
        {
            throw Invalid(e.LineNumber, NotWellFormed(e));
        }
        catch (XmlException)
        {
            // A DTD is the only mistake for which the reader gives no line.
            throw Invalid(LineOf(source.Text, "<!DOCTYPE"), "the XML has a DTD, which is refused; remove the <!DOCTYPE>");
        }
    }

    /// <returns>The reader's own sentence, without the line and position at its end.</returns>
    public static string NotWellFormed(XmlException e)
    {
        var place = e.Message.IndexOf($" Line {e.LineNumber},", StringComparison.Ordinal);
        return $"the XML is not well-formed: {(place < 0 ? e.Message : e.Message[..place])}";
    }

    private string Run()
    {
        while (_reader.Read())
        {
            if (_reader.Depth > MaximumDepth)
                throw Invalid(_reader.LineNumber, $"the XML is nested deeper than {MaximumDepth} elements");
            var isMetadataChild = _reader.Depth == 2 && _path[0] == "domain" && _path[1] == "metadata";
            if (_reader.NodeType == XmlNodeType.Element)
                Begin(isMetadataChild);
            else if (_reader.NodeType == XmlNodeType.EndElement && isMetadataChild)
                End(_source.Offset(_reader.LineNumber, _reader.LinePosition));
        }

        return new string(_cleaned);
    }

    private void Begin(bool isMetadataChild)
    {
        if (_reader.Depth < _path.Length)
            _path[_reader.Depth] = _reader.Name;
        if (isMetadataChild || _reader.Depth < 2)
            ReadScope();
        if (isMetadataChild)
            _isInOurs = NamespaceOf(_reader.Name).StartsWith(DeclarationXml.NamespaceStem, StringComparison.Ordinal);
        if (_isInOurs && _reader.Depth >= 2 && _reader.Name.Count(c => c == ':') > 1)
            throw Invalid(_reader.LineNumber, DoubledPrefix(_reader.Name));
        if (isMetadataChild && !_isInOurs)
            _foreignStart = _source.Offset(_reader.LineNumber, _reader.LinePosition) - 1;
        if (_foreignStart is null && _reader.AttributeCount > MaximumAttributes)
            throw Invalid(_reader.LineNumber, $"an element has more than {MaximumAttributes} attributes");
        if (isMetadataChild && _reader.IsEmptyElement)
            End(_foreignStart ?? 0);
    }

    /// <summary>Ends a child of metadata, and blanks it if it is foreign.</summary>
    /// <param name="lastTag">An index in its last tag.</param>
    private void End(int lastTag)
    {
        _isInOurs = false;
        if (_foreignStart is not { } start)
            return;
        var end = _source.TagEnd(lastTag);
        for (var i = start; i <= end; i++)
        {
            if (_cleaned[i] is not ('\n' or '\r'))
                _cleaned[i] = ' ';
        }

        _foreignStart = null;
    }

    private void ReadScope()
    {
        var scope = _scopes[_reader.Depth];
        scope.Clear();
        for (var more = _reader.MoveToFirstAttribute(); more; more = _reader.MoveToNextAttribute())
        {
            if (_reader.Name == "xmlns")
                scope[""] = _reader.Value;
            else if (_reader.Name.StartsWith("xmlns:", StringComparison.Ordinal))
                scope[_reader.Name["xmlns:".Length..]] = _reader.Value;
        }

        _reader.MoveToElement();
    }

    private string NamespaceOf(string name)
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
