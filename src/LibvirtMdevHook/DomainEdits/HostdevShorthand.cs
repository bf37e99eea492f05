using System.Xml.Linq;
using LibvirtMdevHook.Domains;

namespace LibvirtMdevHook.DomainEdits;

/// <summary>
/// Moves the shorthand that people write on a native hostdev,
/// <c>&lt;hostdev type='mdev' mdev:type='GRID M60-4Q'/&gt;</c>, to where libvirt keeps it: a
/// declaration in metadata. It fills in what is missing, above all the uuid, and leaves the rest of
/// the document as it is. Which VF a <c>&lt;hostdev type='pci' mdev:type='NVIDIA A40-2Q'/&gt;</c>
/// gets depends on the host: here it gets a placeholder, an address that no host has.
/// </summary>
internal sealed class HostdevShorthand
{
    private static readonly XNamespace Ours = DeclarationXml.Namespace;
    private static readonly string[] Attributes = ["type", "parent", "args"];

    private readonly XElement _domain;
    private readonly Func<string, string, string?>? _modelOf;
    private readonly XmlEdits _edits;
    private readonly List<Problem> _problems = [];
    private readonly List<XElement> _declared = [];
    private readonly List<DeviceId> _unnamed = [];

    private HostdevShorthand(DomainDocument document, Func<string, string, string?>? modelOf)
    {
        (_domain, _modelOf) = (document.Root, modelOf);
        _edits = new XmlEdits(document.Source);
    }

    /// <param name="modelOf">
    /// Gives the model of a mediated device's type on its parents, or null for the usual one; it is
    /// asked only where a hostdev has none.
    /// </param>
    /// <returns>
    /// The new text, which is the same string where no hostdev has a shorthand, and the
    /// placeholders for VFs that are still to be chosen.
    /// </returns>
    /// <exception cref="DomainXmlException">A shorthand has mistakes.</exception>
    public static (string Text, IReadOnlyList<DeviceId> Unnamed) Expand(
        DomainDocument document, Func<string, string, string?>? modelOf = null)
    {
        var shorthand = new HostdevShorthand(document, modelOf);
        return (shorthand.Run(), shorthand._unnamed);
    }

    private string Run()
    {
        foreach (var hostdev in _domain.Elements("devices").Elements("hostdev"))
        {
            var attributes = hostdev.Attributes().Where(a => a.Name.Namespace == Ours).ToArray();
            var attrs = hostdev.Elements().Where(e => e.Name.Namespace == Ours).ToArray();
            if (attributes.Length + attrs.Length > 0)
                Move(hostdev, attributes, attrs);
        }

        if (_problems.Count > 0)
            throw new DomainXmlException([.. _problems]);
        if (_declared.Count > 0)
            Declare();
        return _edits.ToString();
    }

    private void Move(XElement hostdev, XAttribute[] attributes, XElement[] attrs)
    {
        Check(hostdev, attributes, attrs);
        if (_problems.Count > 0 || DeviceOf(hostdev) is not { } device)
            return;
        var prefixes = hostdev.Attributes().Where(a => a.IsNamespaceDeclaration && a.Value == DeclarationXml.Namespace);
        foreach (var attribute in attributes.Concat(prefixes))
            _edits.Remove(attribute);
        foreach (var attr in attrs)
            _edits.Remove(attr);
        SetIfMissing(hostdev, "mode", "subsystem");
        if (device.Address is not null)
            SetIfMissing(hostdev, "managed", "no");
        else if (hostdev.Attribute("model") is null)
            SetIfMissing(hostdev, "model", ModelOf(hostdev));
        _declared.Add(new XElement("hostdev",
            new XAttribute(DeclaredHostdevXml.AttributeFor(device), device.ToString()),
            attributes.Select(a => new XAttribute(a.Name.LocalName, a.Value)),
            attrs.Select(attr => new XElement("attr", ElementCopy.Plain(attr.Attributes()), attr.Nodes()))));
    }

    private string ModelOf(XElement hostdev)
    {
        var type = (string?)hostdev.Attribute(Ours + "type");
        var parents = (string?)hostdev.Attribute(Ours + "parent") ?? "";
        return (type is null ? null : _modelOf?.Invoke(type, parents)) ?? HostdevXml.UsualModel;
    }

    private void SetIfMissing(XElement hostdev, string name, string value)
    {
        if (hostdev.Attribute(name) is null)
            _edits.AddBehind(hostdev.Attribute("type")!, name, value);
    }

    private void Check(XElement hostdev, XAttribute[] attributes, XElement[] attrs)
    {
        foreach (var unknown in attributes.Where(a => !Attributes.Contains(a.Name.LocalName)))
            Refuse(unknown, $"the attribute '{unknown.Name.LocalName}' cannot be on a hostdev; expected type, parent or args");
        foreach (var unknown in attrs.Where(a => a.Name.LocalName != "attr"))
            Refuse(unknown, $"the element '{unknown.Name.LocalName}' cannot be in a hostdev; expected attr");
        var type = (string?)hostdev.Attribute("type");
        if (type is not ("mdev" or "pci"))
        {
            Refuse(hostdev, "only a <hostdev type='mdev'> or a <hostdev type='pci'> can be written in the short form; "
                + "write any other hostdev in full");
        }

        if (type != "pci")
            return;
        if ((string?)hostdev.Attribute("managed") == "yes")
            Refuse(hostdev, "a VF must stay with its driver; write managed='no' on its <hostdev>");
        if (MdevOnlyAttributes.On(hostdev) is { Length: > 0 } written)
            Refuse(hostdev, $"the hostdev of the VF {NameOf(hostdev)} has {written}, which {MdevOnlyAttributes.Remedy}");
    }

    private static string NameOf(XElement hostdev) => HostdevXml.DeviceOf(hostdev) is { } device
        ? $"'{device}'"
        : $"of type '{hostdev.Attribute(Ours + "type")?.Value}'";

    /// <returns>
    /// The device that the hostdev names, or a new one that it names now; null when its address is
    /// malformed.
    /// </returns>
    private DeviceId? DeviceOf(XElement hostdev)
    {
        var isVf = (string?)hostdev.Attribute("type") == "pci";
        if (HostdevXml.SourceAddress(hostdev) is not { } address)
            return Name(hostdev, isVf ? Placeholder() : DeviceId.Mdev(Guid.NewGuid()));
        if (HostdevXml.DeviceOf(hostdev) is { } device)
            return device;
        var expected = isVf ? "that of a VF" : "a uuid";
        Refuse(address, $"the <address> of the hostdev's source is not {expected}; write it in full, or leave it out");
        return null;
    }

    private DeviceId Placeholder()
    {
        var slot = (byte)(_unnamed.Count / 8);
        var function = (byte)(_unnamed.Count % 8);
        var device = DeviceId.Vf(new PciAddress(uint.MaxValue, byte.MaxValue, slot, function));
        _unnamed.Add(device);
        return device;
    }

    /// <summary>Makes the hostdev name a device.</summary>
    private DeviceId Name(XElement hostdev, DeviceId device)
    {
        if (hostdev.Element("source") is { } source)
            _edits.AddFirst(source, HostdevXml.Address(device));
        else
            _edits.AddFirst(hostdev, $"<source>{HostdevXml.Address(device)}</source>");
        return device;
    }

    /// <summary>
    /// Writes the entries without a prefix, so that all prefixes of the document keep their
    /// meaning.
    /// </summary>
    private void Declare()
    {
        var declaration = $"<hostdevs xmlns=\"{DeclarationXml.Namespace}\">{Text(_declared)}</hostdevs>";
        if (_domain.Elements("metadata").Elements(Ours + "hostdevs").FirstOrDefault() is { } existing)
            _edits.AddLast(existing, Text(_declared.Select(ElementCopy.InNamespace)));
        else if (_domain.Element("metadata") is { } metadata)
            _edits.AddLast(metadata, declaration);
        else if ((_domain.Element("uuid") ?? _domain.Element("name")) is { } head)
            _edits.AddBehind(head, $"<metadata>{declaration}</metadata>");
        else
            _edits.AddFirst(_domain, $"<metadata>{declaration}</metadata>");
    }

    private void Refuse(XObject node, string text) => _problems.Add(DeclarationXml.At(node, text));

    private static string Text(IEnumerable<XElement> elements) =>
        string.Concat(elements.Select(element => element.ToString(SaveOptions.DisableFormatting)));
}
