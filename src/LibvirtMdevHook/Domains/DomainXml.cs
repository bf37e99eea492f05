using System.Globalization;
using System.Xml;
using System.Xml.Linq;

namespace LibvirtMdevHook.Domains;

/// <summary>
/// Reads libvirt's domain XML (libvirt's formatdomain page). Together with <see cref="DeclarationXml"/> and <see cref="GuestDevices"/> the
/// only place that knows its element names.
/// </summary>
internal static class DomainXml
{
    /// <param name="xml">The document in UTF-8.</param>
    /// <param name="alsoAllowed">The configuration's <c>allowed_attributes</c>.</param>
    /// <exception cref="DomainXmlException">The document or its declaration cannot be taken.</exception>
    public static Domain Parse(ReadOnlyMemory<byte> xml, IReadOnlyCollection<string> alsoAllowed) => Read(DomainDocument.Load(xml).Root, alsoAllowed);

    /// <param name="root">Of a <see cref="DomainDocument"/>, or made from one.</param>
    /// <param name="alsoAllowed">The configuration's <c>allowed_attributes</c>.</param>
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

    /// <param name="problems">Takes what is wrong with it.</param>
    /// <returns>All zeros when it is missing or wrong.</returns>
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
}
