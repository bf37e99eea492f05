using System.Xml.Linq;
using LibvirtMdevHook.Domains;

namespace LibvirtMdevHook.DomainEdits;

/// <summary>
/// A domain as 'virsh dumpxml' prints it, for changing its declaration and devices. Its declaration is taken as it stands, be it
/// unfinished: what cannot be started any more can still be put right.
/// </summary>
internal sealed class EditableDomain
{
    private static readonly XNamespace Ours = DeclarationXml.Namespace;

    private readonly XElement _root;
    private readonly GuestDevices _devices;

    private EditableDomain(XElement root, Guid uuid) => (_root, Uuid, _devices) = (root, uuid, GuestDevices.Read(root));

    public Guid Uuid { get; }

    public string Name => _root.Element("name")?.Value ?? "";

    /// <summary>libvirt gives an id to domains that run, or are about to.</summary>
    public bool IsActive => _root.Attribute("id") is not null;

    /// <summary>The prefix under which virsh keeps the declaration.</summary>
    public string Prefix => Declaration?.GetPrefixOfNamespace(Ours) is { Length: > 0 } prefix ? prefix : "mdev";

    private XElement? Declaration => _root.Elements("metadata").Elements().FirstOrDefault(e => e.Name.Namespace == Ours);

    /// <exception cref="DomainXmlException">The document is no domain, or its declaration cannot be read at all.</exception>
    public static EditableDomain Parse(string xml)
    {
        var problems = new List<Problem>();
        var root = DomainDocument.Load(xml).Root;
        var uuid = DomainXml.ReadUuid(root, problems);
        if (uuid == Guid.Empty)
            throw new DomainXmlException([.. problems.DefaultIfEmpty(new Problem(0, "the domain's XML has no <uuid>"))]);
        return new EditableDomain(root, uuid);
    }

    /// <returns>How the guest has the device; null when it has not.</returns>
    public GuestDevices.Entry? Find(DeviceId device) => _devices.Find(device);

    public bool Declares(DeviceId device) => Declaration is { } declaration && Entries(declaration, device).Any();

    /// <returns>The declaration as 'virsh metadata --set' takes it, with one device more.</returns>
    public string With(RequestedDevice device) => Text([device.ToXml()], NoDevice);

    /// <returns>The declaration as 'virsh metadata --set' takes it, without a device; null when no other is declared.</returns>
    public string? Without(DeviceId device) =>
        Declaration!.Elements().Except(Entries(Declaration!, device)).Any() ? Text([], e => Entries(Declaration!, device).Contains(e)) : null;

    /// <summary>The devices that the guest has, and that can be declared.</summary>
    public IEnumerable<DeviceId> Devices => _devices.Entries.Select(e => e.Device);

    /// <summary>With the device the declaration would have more than it may.</summary>
    public bool IsFull(RequestedDevice device) => Declaration?.Elements().Count() >= DeclarationXml.MaximumHostdevs
        || Declaration?.Descendants(Ours + "attr").Count() + device.Attrs.Length > DeclarationXml.MaximumAttrs;

    /// <summary>The domain as if it had the device and declared it alone, under the rules of its declaration.</summary>
    /// <exception cref="DomainXmlException">The wish, or a rule of the declaration, cannot be taken.</exception>
    public Domain WithRequested(RequestedDevice device, IReadOnlyCollection<string> alsoAllowed)
    {
        var root = new XDocument(_root).Root!;
        root.Elements("metadata").Elements().Where(e => e.Name.Namespace == Ours).Remove();
        var rules = Declaration?.Attributes().Where(a => !a.IsNamespaceDeclaration) ?? [];
        root.Add(new XElement("metadata", new XElement(Declaration?.Name ?? Ours + "hostdevs", rules, InOurs(device.ToXml()))));
        if (Find(device.Device) is null)
            root.Add(new XElement("devices", XElement.Parse(HostdevXml.Of(device.Device, model: null))));
        return DomainXml.Read(root, alsoAllowed);
    }

    private static bool NoDevice(XElement element) => false;

    private static XElement InOurs(XElement element) => new(Ours + element.Name.LocalName, element.Attributes(), element.Elements().Select(InOurs));

    private static IEnumerable<XElement> Entries(XElement declaration, DeviceId device) => declaration.Elements(Ours + "hostdev")
        .Where(e => DeviceId.TryParse((string?)e.Attribute("uuid") ?? (string?)e.Attribute("address"), out var found) && found == device);

    /// <summary>libvirt adds the prefix to every element itself; one written by us would be doubled.</summary>
    private string Text(IEnumerable<XElement> more, Func<XElement, bool> isLeftOut) => new XElement(
        Declaration?.Name.LocalName ?? "hostdevs",
        Declaration?.Attributes().Where(a => !a.IsNamespaceDeclaration),
        Declaration?.Nodes().Where(n => n is not XElement element || !isLeftOut(element)).Select(Plain),
        more).ToString(SaveOptions.DisableFormatting);

    private static XNode? Plain(XNode node) => node switch
    {
        XElement e => new XElement(e.Name.LocalName, e.Attributes().Where(a => !a.IsNamespaceDeclaration), e.Nodes().Select(Plain)),
        XComment comment => comment,
        _ => null,
    };
}
