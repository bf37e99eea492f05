using System.Xml.Linq;

namespace LibvirtMdevHook.Domains;

/// <summary>
/// Moves what people write on a native hostdev, <c>&lt;hostdev type='mdev' mdev:type='GRID M60-4Q'/&gt;</c>, to where libvirt keeps it: a
/// declaration in metadata. What is missing is filled in, the uuid above all; everything else of the document stays.
/// </summary>
internal sealed class Rendering
{
    private static readonly XNamespace Ours = DeclarationXml.Namespace;
    private static readonly string[] Attributes = ["type", "parent", "args"];

    private readonly XElement _domain;
    private readonly Splice _splice;
    private readonly List<Problem> _problems = [];
    private readonly List<XElement> _declared = [];

    private Rendering(DomainDocument document) => (_domain, _splice) = (document.Root, new Splice(document.Source));

    /// <returns>The new text; the very same where no hostdev has anything of ours on it.</returns>
    /// <exception cref="DomainXmlException">A hostdev has something on it that cannot be moved.</exception>
    public static string Of(DomainDocument document) => new Rendering(document).Run();

    private string Run()
    {
        foreach (var hostdev in _domain.Elements("devices").Elements("hostdev"))
        {
            var wish = hostdev.Attributes().Where(a => a.Name.Namespace == Ours).ToArray();
            if (wish.Length > 0)
                Move(hostdev, wish);
        }

        if (_problems.Count > 0)
            throw new DomainXmlException([.. _problems]);
        if (_declared.Count > 0)
            Declare();
        return _splice.ToString();
    }

    private void Move(XElement hostdev, XAttribute[] wish)
    {
        foreach (var unknown in wish.Where(a => !Attributes.Contains(a.Name.LocalName)))
            _problems.Add(DeclarationXml.At(unknown, $"the attribute '{unknown.Name.LocalName}' cannot stand on a hostdev; type, parent and args can"));
        if ((string?)hostdev.Attribute("type") != "mdev")
            _problems.Add(DeclarationXml.At(hostdev, "only of a <hostdev type='mdev'> can the rest be filled in; write everything else out"));
        if (_problems.Count > 0)
            return;
        foreach (var attribute in wish.Concat(hostdev.Attributes().Where(a => a.IsNamespaceDeclaration && a.Value == DeclarationXml.Namespace)))
            _splice.Remove(attribute);
        foreach (var (name, value) in new[] { ("mode", "subsystem"), ("model", "vfio-pci") })
        {
            if (hostdev.Attribute(name) is null)
                _splice.AddBehind(hostdev.Attribute("type")!, name, value);
        }

        _declared.Add(new XElement("hostdev", new XAttribute("uuid", UuidOf(hostdev)), wish.Select(a => new XAttribute(a.Name.LocalName, a.Value))));
    }

    /// <summary>The uuid that the hostdev has already, or one that it gets now.</summary>
    private string UuidOf(XElement hostdev)
    {
        if ((string?)hostdev.Elements("source").Elements("address").FirstOrDefault()?.Attribute("uuid") is { } there)
            return there;
        var uuid = Guid.NewGuid().ToString("D");
        if (hostdev.Element("source") is { } source)
            _splice.AddFirst(source, $"<address uuid='{uuid}'/>");
        else
            _splice.AddFirst(hostdev, $"<source><address uuid='{uuid}'/></source>");
        return uuid;
    }

    private void Declare()
    {
        // Without a prefix: whatever prefixes the document has stay what they are.
        var entries = string.Concat(_declared.Select(d => In(Ours, d).ToString(SaveOptions.DisableFormatting)));
        var hostdevs = $"<hostdevs xmlns=\"{DeclarationXml.Namespace}\">{string.Concat(_declared)}</hostdevs>";
        if (_domain.Elements("metadata").Elements(Ours + "hostdevs").FirstOrDefault() is { } declaration)
            _splice.AddLast(declaration, entries);
        else if (_domain.Element("metadata") is { } metadata)
            _splice.AddLast(metadata, hostdevs);
        else if ((_domain.Element("uuid") ?? _domain.Element("name")) is { } head)
            _splice.AddBehind(head, $"<metadata>{hostdevs}</metadata>");
        else
            _splice.AddFirst(_domain, $"<metadata>{hostdevs}</metadata>");
    }

    private static XElement In(XNamespace space, XElement element) => new(space + element.Name.LocalName, element.Attributes());
}
