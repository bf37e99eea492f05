using System.Xml.Linq;
using LibvirtMdevHook.Domains;

namespace LibvirtMdevHook.DomainEdits;

/// <summary>
/// Moves what people write on a native hostdev, <c>&lt;hostdev type='mdev' mdev:type='GRID M60-4Q'/&gt;</c>, to where libvirt keeps it: a
/// declaration in metadata. What is missing is filled in, the uuid above all; everything else of the document stays. Which VF a
/// <c>&lt;hostdev type='pci' mdev:type='NVIDIA A40-2Q'/&gt;</c> gets is up to the host: here it gets an address that no host has.
/// </summary>
internal sealed class HostdevShorthand
{
    private static readonly XNamespace Ours = DeclarationXml.Namespace;
    private static readonly string[] Attributes = ["type", "parent", "args"];

    private readonly XElement _domain;
    private readonly XmlEdits _edits;
    private readonly List<Problem> _problems = [];
    private readonly List<XElement> _declared = [];
    private readonly List<DeviceId> _unnamed = [];

    private HostdevShorthand(DomainDocument document) => (_domain, _edits) = (document.Root, new XmlEdits(document.Source));

    /// <returns>The new text, the very same where no hostdev has anything of ours on it; and the VFs that are still to be picked.</returns>
    /// <exception cref="DomainXmlException">A hostdev has something on it that cannot be moved.</exception>
    public static (string Text, IReadOnlyList<DeviceId> Unnamed) Expand(DomainDocument document)
    {
        var shorthand = new HostdevShorthand(document);
        return (shorthand.Run(), shorthand._unnamed);
    }

    private string Run()
    {
        foreach (var hostdev in _domain.Elements("devices").Elements("hostdev"))
        {
            var wish = hostdev.Attributes().Where(a => a.Name.Namespace == Ours).ToArray();
            var attrs = hostdev.Elements().Where(e => e.Name.Namespace == Ours).ToArray();
            if (wish.Length + attrs.Length > 0)
                Move(hostdev, wish, attrs);
        }

        if (_problems.Count > 0)
            throw new DomainXmlException([.. _problems]);
        if (_declared.Count > 0)
            Declare();
        return _edits.ToString();
    }

    private void Move(XElement hostdev, XAttribute[] inline, XElement[] attrs)
    {
        Check(hostdev, inline, attrs);
        if (_problems.Count > 0 || DeviceOf(hostdev) is not { } device)
            return;
        foreach (var attribute in inline.Concat(hostdev.Attributes().Where(a => a.IsNamespaceDeclaration && a.Value == DeclarationXml.Namespace)))
            _edits.Remove(attribute);
        foreach (var attr in attrs)
            _edits.Remove(attr);
        foreach (var (name, value) in new[] { ("mode", "subsystem"), device.Uuid is null ? ("managed", "no") : ("model", HostdevXml.UsualModel) })
        {
            if (hostdev.Attribute(name) is null)
                _edits.AddBehind(hostdev.Attribute("type")!, name, value);
        }

        _declared.Add(new XElement("hostdev",
            new XAttribute(device.Uuid is null ? "address" : "uuid", device.ToString()),
            inline.Select(a => new XAttribute(a.Name.LocalName, a.Value)),
            attrs.Select(a => new XElement("attr", a.Attributes().Where(b => !b.IsNamespaceDeclaration), a.Nodes()))));
    }

    private void Check(XElement hostdev, XAttribute[] inline, XElement[] attrs)
    {
        foreach (var unknown in inline.Where(a => !Attributes.Contains(a.Name.LocalName)))
            _problems.Add(DeclarationXml.At(unknown, $"the attribute '{unknown.Name.LocalName}' cannot stand on a hostdev; type, parent and args can"));
        foreach (var unknown in attrs.Where(a => a.Name.LocalName != "attr"))
            _problems.Add(DeclarationXml.At(unknown, $"the element '{unknown.Name.LocalName}' cannot stand in a hostdev; attr can"));
        if ((string?)hostdev.Attribute("type") is not ("mdev" or "pci"))
            _problems.Add(DeclarationXml.At(hostdev, "only of a <hostdev type='mdev'> or a <hostdev type='pci'> can the rest be filled in; write everything else out"));
        else if ((string?)hostdev.Attribute("type") == "pci" && (string?)hostdev.Attribute("managed") == "yes")
            _problems.Add(DeclarationXml.At(hostdev, "a VF has to stay with its driver; write managed='no' on its <hostdev>"));
    }

    /// <returns>What the hostdev has already, or gets now; null when that cannot be told, which is a problem.</returns>
    private DeviceId? DeviceOf(XElement hostdev)
    {
        var isVf = (string?)hostdev.Attribute("type") == "pci";
        if (hostdev.Elements("source").Elements("address").FirstOrDefault() is not { } there)
            return Named(hostdev, isVf ? Placeholder() : DeviceId.Mdev(Guid.NewGuid()));
        if (!isVf && DeviceId.TryParseUuid((string?)there.Attribute("uuid"), out var uuid))
            return DeviceId.Mdev(uuid);
        if (isVf && PciAddress.TryParse((string?)there.Attribute("domain"), (string?)there.Attribute("bus"),
            (string?)there.Attribute("slot"), (string?)there.Attribute("function"), out var vf))
            return DeviceId.Vf(vf.Value);
        _problems.Add(DeclarationXml.At(there, $"the <address> of the hostdev's source is not {(isVf ? "that of a VF" : "a uuid")}; write it out, or leave it away"));
        return null;
    }

    private DeviceId Placeholder()
    {
        var device = DeviceId.Vf(new PciAddress(uint.MaxValue, byte.MaxValue, (byte)(_unnamed.Count / 8), (byte)(_unnamed.Count % 8)));
        _unnamed.Add(device);
        return device;
    }

    private DeviceId Named(XElement hostdev, DeviceId device)
    {
        if (hostdev.Element("source") is { } source)
            _edits.AddFirst(source, HostdevXml.Address(device));
        else
            _edits.AddFirst(hostdev, $"<source>{HostdevXml.Address(device)}</source>");
        return device;
    }

    private void Declare()
    {
        // Without a prefix: whatever prefixes the document has stay what they are.
        var entries = string.Concat(_declared.Select(d => In(Ours, d).ToString(SaveOptions.DisableFormatting)));
        var hostdevs = $"<hostdevs xmlns=\"{DeclarationXml.Namespace}\">{string.Concat(_declared.Select(d => d.ToString(SaveOptions.DisableFormatting)))}</hostdevs>";
        if (_domain.Elements("metadata").Elements(Ours + "hostdevs").FirstOrDefault() is { } declaration)
            _edits.AddLast(declaration, entries);
        else if (_domain.Element("metadata") is { } metadata)
            _edits.AddLast(metadata, hostdevs);
        else if ((_domain.Element("uuid") ?? _domain.Element("name")) is { } head)
            _edits.AddBehind(head, $"<metadata>{hostdevs}</metadata>");
        else
            _edits.AddFirst(_domain, $"<metadata>{hostdevs}</metadata>");
    }

    private static XElement In(XNamespace space, XElement element) =>
        new(space + element.Name.LocalName, element.Attributes(), element.Nodes().Select(n => n is XElement child ? In(space, child) : n));
}
