using System.Xml.Linq;
using LibvirtMdevHook.Domains;

namespace LibvirtMdevHook.DomainEdits;

/// <summary>
/// A domain as 'virsh dumpxml' prints it, for changes to its declaration and devices. The
/// declaration is not checked: a domain that cannot start because of a mistake in it can still be
/// repaired.
/// </summary>
internal sealed class EditableDomain
{
    private static readonly XNamespace Ours = DeclarationXml.Namespace;

    private readonly XElement _root;
    private readonly GuestDevices _devices;

    /// <summary>The declaration; null when there is none.</summary>
    private readonly XElement? _declaration;

    private EditableDomain(XElement root, Guid uuid)
    {
        _root = root;
        _devices = GuestDevices.Read(root);
        _declaration = root.Elements("metadata").Elements().FirstOrDefault(e => e.Name.Namespace == Ours);
        Uuid = uuid;
    }

    public Guid Uuid { get; }

    public string Name => _root.Element("name")?.Value ?? "";

    /// <summary>libvirt gives an id only to a domain that runs or is being started.</summary>
    public bool IsActive => _root.Attribute("id") is not null;

    /// <summary>The prefix under which virsh keeps the declaration.</summary>
    public string Prefix => _declaration?.GetPrefixOfNamespace(Ours) is { Length: > 0 } prefix ? prefix : "mdev";

    /// <summary>The devices of the guest that can be declared.</summary>
    public IEnumerable<DeviceId> Devices => _devices.Entries.Select(e => e.Device);

    /// <exception cref="DomainXmlException">
    /// The document is no domain, has no uuid, or cannot be read at all.
    /// </exception>
    public static EditableDomain Parse(string xml)
    {
        var problems = new List<Problem>();
        var root = DomainDocument.Load(xml).Root;
        var uuid = DomainXml.ReadUuid(root, problems);
        if (uuid == Guid.Empty)
            throw new DomainXmlException([.. problems.DefaultIfEmpty(new Problem(0, "the domain's XML has no <uuid>"))]);
        return new EditableDomain(root, uuid);
    }

    /// <returns>The device as the guest has it; null when the guest does not have it.</returns>
    public GuestDevices.Entry? Find(DeviceId device) => _devices.Find(device);

    public bool Declares(DeviceId device) => EntriesOf(device).Count > 0;

    /// <returns>The declaration with one more device, as 'virsh metadata --set' takes it.</returns>
    public string With(RequestedDevice device)
    {
        var declaration = CopyWithout([]);
        declaration.Add(device.ToXml());
        return declaration.ToString(SaveOptions.DisableFormatting);
    }

    /// <returns>
    /// The declaration without a device, as 'virsh metadata --set' takes it; null when it declares
    /// no other device.
    /// </returns>
    public string? Without(DeviceId device)
    {
        var entries = EntriesOf(device);
        if (!_declaration!.Elements().Except(entries).Any())
            return null;
        return CopyWithout(entries).ToString(SaveOptions.DisableFormatting);
    }

    /// <summary>The declaration has no room for the device, or for its attributes.</summary>
    public bool IsFull(RequestedDevice device)
    {
        if (_declaration is null)
            return false;
        var attrs = _declaration.Descendants(Ours + "attr").Count() + device.Attrs.Length;
        return _declaration.Elements().Count() >= DeclarationXml.MaximumHostdevs || attrs > DeclarationXml.MaximumAttrs;
    }

    /// <returns>
    /// The domain as if it had only this device and declared only it, under the rules of its
    /// declaration.
    /// </returns>
    /// <exception cref="DomainXmlException">
    /// The requested device, or a rule of the declaration, has a mistake.
    /// </exception>
    public Domain WithRequested(RequestedDevice device, IReadOnlyCollection<string> alsoAllowed)
    {
        var root = new XDocument(_root).Root!;
        root.Elements("metadata").Elements().Where(e => e.Name.Namespace == Ours).Remove();
        var rules = ElementCopy.Plain(_declaration?.Attributes() ?? []);
        var declaration = new XElement(_declaration?.Name ?? Ours + "hostdevs", rules, ElementCopy.InNamespace(device.ToXml()));
        root.Add(new XElement("metadata", declaration));
        if (Find(device.Device) is null)
            root.Add(new XElement("devices", XElement.Parse(HostdevXml.Of(device.Device, model: null))));
        return DomainXml.Read(root, alsoAllowed);
    }

    private List<XElement> EntriesOf(DeviceId device)
    {
        var entries = new List<XElement>();
        foreach (var element in _declaration?.Elements(Ours + "hostdev") ?? [])
        {
            var name = (string?)element.Attribute("uuid") ?? (string?)element.Attribute("address");
            if (DeviceId.TryParse(name, out var named) && named == device)
                entries.Add(element);
        }

        return entries;
    }

    /// <returns>
    /// A copy of the declaration, or an empty declaration, as 'virsh metadata --set' takes it.
    /// </returns>
    private XElement CopyWithout(List<XElement> leftOut)
    {
        if (_declaration is null)
            return new XElement("hostdevs");
        var copy = ElementCopy.ForVirsh(_declaration);
        foreach (var (element, copied) in _declaration.Elements().Zip(copy.Elements().ToArray()))
        {
            if (leftOut.Contains(element))
                copied.Remove();
        }

        return copy;
    }
}
