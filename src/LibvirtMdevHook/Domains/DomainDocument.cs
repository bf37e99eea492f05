using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace LibvirtMdevHook.Domains;

/// <summary>A domain XML, as its text and as elements that know their places in the text.</summary>
internal sealed class DomainDocument
{
    /// <summary>
    /// Larger documents are refused if they have a declaration. virsh itself passes on about 4 MB.
    /// </summary>
    public const int MaximumBytes = 4 << 20;

    private const string ByteOrderMark = "\uFEFF";

    private static readonly XmlReaderSettings Settings = new() { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null };

    private DomainDocument(SourceText source, XElement root) => (Source, Root) = (source, root);

    public SourceText Source { get; }

    /// <summary>The element &lt;domain&gt;, without the metadata of other applications.</summary>
    public XElement Root { get; }

    /// <param name="xml">The document in UTF-8.</param>
    /// <exception cref="DomainXmlException">
    /// The text is not a domain XML that can be read.
    /// </exception>
    public static DomainDocument Load(ReadOnlyMemory<byte> xml)
    {
        if (xml.Length > MaximumBytes)
        {
            throw Invalid(0, $"the XML is longer than {MaximumBytes} bytes, "
                + "the most that is read for a domain with a declaration; make it smaller");
        }

        try
        {
            var text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(xml.Span);
            return Load(text.StartsWith(ByteOrderMark, StringComparison.Ordinal) ? text[1..] : text);
        }
        catch (DecoderFallbackException)
        {
            throw Invalid(0, "the XML is not UTF-8");
        }
    }

    /// <param name="text">The document without a byte order mark.</param>
    /// <exception cref="DomainXmlException">
    /// The text is not a domain XML that can be read.
    /// </exception>
    public static DomainDocument Load(string text)
    {
        try
        {
            var source = new SourceText(text);
            using var reader = XmlReader.Create(new StringReader(ForeignMetadata.Blank(source)), Settings);
            var root = XDocument.Load(reader, LoadOptions.SetLineInfo).Root!;
            if (root.Name != "domain")
                throw Invalid(DomainXml.LineOf(root), $"the root element is <{root.Name.LocalName}>; expected <domain>");
            return new DomainDocument(source, root);
        }
        catch (XmlException e)
        {
            throw Invalid(e.LineNumber, ForeignMetadata.NotWellFormed(e));
        }
    }

    private static DomainXmlException Invalid(int line, string text) => new([new Problem(line, text)]);
}
