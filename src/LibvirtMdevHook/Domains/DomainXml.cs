using System.Globalization;
using System.Xml;
using System.Xml.Linq;

namespace LibvirtMdevHook.Domains;

/// <summary>Reads libvirt's domain XML (libvirt's formatdomain page).</summary>
internal static class DomainXml
{
    /// <param name="xml">The document in UTF-8.</param>
    /// <param name="alsoAllowed">The configuration's <c>allowed_attributes</c>.</param>
    /// <exception cref="DomainXmlException">
    /// The document cannot be read, or it or its declaration has mistakes.
    /// </exception>
    public static Domain Parse(ReadOnlyMemory<byte> xml, IReadOnlyCollection<string> alsoAllowed) =>
        Read(DomainDocument.Load(xml).Root, alsoAllowed);

    /// <param name="root">
    /// The root of a <see cref="DomainDocument"/>, or a changed copy of one.
    /// </param>
    /// <param name="alsoAllowed">The configuration's <c>allowed_attributes</c>.</param>
    /// <exception cref="DomainXmlException">The uuid or the declaration has mistakes.</exception>
    public static Domain Read(XElement root, IReadOnlyCollection<string> alsoAllowed)
    {
        var problems = new List<Problem>();
        var declaration = DeclarationXml.Read(root, alsoAllowed, problems);
        var uuid = ReadUuid(root, problems);
        if (problems.Count > 0)
            throw new DomainXmlException([.. problems.OrderBy(p => p.Line)]);
        return new Domain(uuid, root.Element("name")?.Value ?? "", declaration, ReadDac(root), GuestNuma.Read(root));
    }

    /// <returns>The line of a node in the document that it was read from.</returns>
    public static int LineOf(XObject node) => ((IXmlLineInfo)node).LineNumber;

    /// <param name="problems">Gets a problem when the uuid is malformed.</param>
    /// <returns>All zeros when the uuid is missing or malformed.</returns>
    public static Guid ReadUuid(XElement root, List<Problem> problems)
    {
        var element = root.Element("uuid");
        if (element is null)
            return Guid.Empty;
        if (!DeviceId.TryParseUuid(element.Value.Trim(), out var uuid))
            problems.Add(new Problem(LineOf(element), $"the domain's uuid '{element.Value}' is not a uuid"));
        return uuid;
    }

    /// <summary>
    /// libvirt writes <c>+64055:+64055</c>. Names of a user and a group are not looked up, as the
    /// start of a domain must not wait for that.
    /// </summary>
    private static DacLabel? ReadDac(XElement root)
    {
        var seclabel = root.Elements("seclabel").FirstOrDefault(s => (string?)s.Attribute("model") == "dac");
        var label = seclabel?.Element("label")?.Value;
        if (label?.Split(':') is not [var user, var group])
            return null;
        return Id(user) is { } uid && Id(group) is { } gid ? new DacLabel(uid, gid) : null;

        static uint? Id(string text) =>
            uint.TryParse(text.AsSpan().TrimStart('+'), NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null;
    }
}
