using System.Globalization;
using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace LibvirtMdevHook.Domains;

/// <summary>
/// Reads libvirt's domain XML (libvirt's formatdomain page). Together with <see cref="DeclarationXml"/> and <see cref="GuestDevices"/> the
/// only place that knows its element names.
/// </summary>
internal static class DomainXml
{
    /// <summary>Larger documents are refused when they hold a declaration; virsh itself passes on about 4 MB.</summary>
    public const int MaximumBytes = 4 << 20;

    private static readonly XmlReaderSettings Settings = new() { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null };

    /// <param name="xml">The document in UTF-8.</param>
    /// <param name="alsoAllowed">The configuration's <c>allowed_attributes</c>.</param>
    /// <exception cref="DomainXmlException">The document or its declaration cannot be taken.</exception>
    public static Domain Parse(ReadOnlyMemory<byte> xml, IReadOnlyCollection<string> alsoAllowed) => Read(Load(xml), alsoAllowed);

    /// <param name="root">A document of <see cref="Load"/>, or one that was made from it.</param>
    /// <exception cref="DomainXmlException">Its declaration cannot be taken.</exception>
    public static Domain Read(XElement root, IReadOnlyCollection<string> alsoAllowed)
    {
        var problems = new List<Problem>();
        var declaration = DeclarationXml.Read(root, alsoAllowed, problems);
        var domain = new Domain(ReadUuid(root, problems), root.Element("name")?.Value ?? "", declaration, ReadDac(root), GuestNuma.Read(root));
        if (problems.Count > 0)
            throw new DomainXmlException([.. problems.OrderBy(p => p.Line)]);
        return domain;
    }

    /// <summary>The line of a node in the document it was read from.</summary>
    public static int LineOf(XObject node) => ((IXmlLineInfo)node).LineNumber;

    /// <returns>The domain element, with only our element left in its metadata.</returns>
    /// <exception cref="DomainXmlException">The document is none, or our element has a doubled prefix.</exception>
    public static XElement Load(ReadOnlyMemory<byte> xml)
    {
        if (xml.Length > MaximumBytes)
            throw Invalid(0, $"the XML is longer than {MaximumBytes} bytes, the most that is read for a domain with a declaration; make it smaller");
        try
        {
            var text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(xml.Span).TrimStart('\uFEFF');
            using var reader = XmlReader.Create(new StringReader(ForeignMetadata.Blank(text)), Settings);
            var root = XDocument.Load(reader, LoadOptions.SetLineInfo).Root!;
            return root.Name == "domain" ? root : throw Invalid(LineOf(root), $"the root element is <{root.Name.LocalName}>; expected <domain>");
        }
        catch (DecoderFallbackException)
        {
            throw Invalid(0, "the XML is not UTF-8");
        }
        catch (XmlException e)
        {
            throw Invalid(e.LineNumber, ForeignMetadata.NotWellFormed(e));
        }
    }

    public static Guid ReadUuid(XElement root, List<Problem> problems)
    {
        var element = root.Element("uuid");
        if (element is null)
            return Guid.Empty;
        if (!DeviceId.TryParseUuid(element.Value.Trim(), out var uuid))
            problems.Add(new Problem(LineOf(element), $"the domain's uuid '{element.Value}' is not a uuid"));
        return uuid;
    }

    /// <summary>libvirt writes <c>+64055:+64055</c>; a label of names would need a lookup that the start of a domain must not wait for.</summary>
    private static DacLabel? ReadDac(XElement root)
    {
        var parts = root.Elements("seclabel").FirstOrDefault(s => (string?)s.Attribute("model") == "dac")
            ?.Element("label")?.Value.Split(':');
        return parts is [var user, var group] && Id(user) is { } uid && Id(group) is { } gid ? new DacLabel(uid, gid) : null;

        static uint? Id(string text) =>
            uint.TryParse(text.AsSpan().TrimStart('+'), NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null;
    }

    private static DomainXmlException Invalid(int line, string text) => new([new Problem(line, text)]);
}
