using System.Globalization;
using System.Xml.Linq;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Records;

/// <summary>The text of a record, in the words of libvirt's node devices.</summary>
internal static class RecordXml
{
    public const int Version = 1;

    public static XDocument Write(Record record) => new(
        new XElement("record",
            new XAttribute("version", Version),
            new XAttribute("boot", record.Boot),
            new XAttribute("generation", record.Generation.Nanoseconds),
            new XAttribute("phase", EnumText.Of(record.Phase)),
            record.Expires is { } expires ? new XAttribute("expires", expires.At) : null,
            new XElement("domain", new XElement("name", Printable(record.Name)), new XElement("uuid", record.Domain.ToString("D"))),
            record.Claims.Select(Write)));

    /// <exception cref="FormatException">The text is not a record of this version.</exception>
    public static Record Read(XElement root)
    {
        if (root.Name != "record" || VersionOf(root) != Version)
            throw new FormatException($"it is not a <record version='{Version}'>");
        var domain = root.Element("domain") ?? throw new FormatException("it has no <domain>");
        return new Record(
            Uuid(domain.Element("uuid")?.Value),
            domain.Element("name")?.Value ?? "",
            Required(root, "boot"),
            new Moment(Number(Required(root, "generation"))),
            Parse<Phase>(Required(root, "phase")),
            [.. root.Elements("device").Select(ReadClaim)],
            root.Attribute("expires") is { } expires ? new Deadline(Number(expires.Value)) : null);
    }

    /// <param name="file">Where it lies.</param>
    /// <returns>Null for what is not of a newer version.</returns>
    /// <exception cref="FormatException">It lacks what every version keeps.</exception>
    public static NewerRecord? ReadNewer(XElement root, HostPath file)
    {
        if (root.Name != "record" || VersionOf(root) <= Version)
            return null;
        return new NewerRecord(
            file,
            VersionOf(root),
            Required(root, "boot"),
            Domain: null,
            root.Element("domain")?.Element("name")?.Value,
            [.. root.Elements("device").Select(ReadNewerDevice)]);
    }

    private static int VersionOf(XElement root) =>
        int.TryParse(Required(root, "version"), NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : 0;

    private static RecordedDevice ReadNewerDevice(XElement element) => new(ReadDevice(element), ReadParent(element));

    private static DeviceId ReadDevice(XElement element) => DeviceId.TryParse(element.Element("name")?.Value, out var device)
        ? device
        : throw new FormatException("a <device> has no name");

    private static SysfsName ReadParent(XElement element) => SysfsName.Parse(element.Element("parent")?.Value ?? "");

    private static XElement Write(Claim claim) => new("device",
        new XAttribute("stage", EnumText.Of(claim.Stage)),
        new XAttribute("dialect", claim.Dialect.Name),
        new XAttribute("handover", EnumText.Of(claim.AttachedBy)),
        claim.Inode is { } inode ? new XAttribute("inode", inode) : null,
        claim.IsForeign ? new XAttribute("foreign", claim.WasOnline ? "online" : "offline") : null,
        claim.IsHeldBack ? new XAttribute("held-back", "yes") : null,
        new XElement("name", claim.Device.ToString()),
        new XElement("parent", claim.Parent.ToString()),
        claim.Gpu != claim.Parent ? new XElement("gpu", claim.Gpu.ToString()) : null,
        claim.Type is { } type
            ? WriteType(type)
            : null,
        claim.Attrs.Select(a => new XElement("attr", new XAttribute("name", a.Name.ToString()), new XAttribute("value", a.Value))),
        claim.Args.Length > 0 ? new XElement("args", claim.Args) : null,
        claim.Node is { } node ? new XElement("node", new XAttribute("uid", node.Uid), new XAttribute("gid", node.Gid)) : null);

    private static Claim ReadClaim(XElement element)
    {
        var (device, parent) = (ReadDevice(element), ReadParent(element));
        var foreign = (string?)element.Attribute("foreign");
        var dialect = Dialect.Find(Required(element, "dialect")) ?? throw new FormatException("the dialect of a <device> is not known");
        if ((dialect == Dialect.Vf) != device.Address is not null || (device.Address is not null && device.Name != parent))
            throw new FormatException("a <device> is not of its dialect");
        var args = element.Element("args")?.Value ?? "";
        if (args.Any(char.IsControl))
            throw new FormatException("the <args> have control characters");
        return new Claim(
            device,
            parent,
            element.Element("gpu") is { } gpu ? SysfsName.Parse(gpu.Value) : parent,
            dialect,
            element.Element("type") is { } type ? ReadType(type) : null,
            [.. element.Elements("attr").Select(ReadAttr)],
            args,
            Parse<AttachedBy>(Required(element, "handover")),
            Parse<Stage>(Required(element, "stage")),
            element.Attribute("inode") is { } inode ? ulong.Parse(inode.Value, NumberStyles.None, CultureInfo.InvariantCulture) : null,
            foreign is not null,
            foreign == "online",
            (string?)element.Attribute("held-back") == "yes",
            element.Element("node") is { } node ? new DacLabel((uint)node.Attribute("uid")!, (uint)node.Attribute("gid")!) : null);
    }

    private static XElement WriteType(ClaimedType type) => new("type",
        new XAttribute("id", type.Id.ToString()),
        Optional("name", type.Name),
        Optional("framebuffer", type.Framebuffer),
        type.GpuGigabytes is { } all ? new XAttribute("gpu-gigabytes", all) : null);

    private static ClaimedType ReadType(XElement type) => new(
        SysfsName.Parse(Required(type, "id")),
        (string?)type.Attribute("name"),
        (string?)type.Attribute("framebuffer"),
        (int?)type.Attribute("gpu-gigabytes"));

    private static Attr ReadAttr(XElement attr)
    {
        var value = Required(attr, "value");
        return AttrName.TryParseRecorded(Required(attr, "name"), out var name) && !value.Any(char.IsControl)
            ? new Attr(name, value)
            : throw new FormatException("an <attr> may not be set");
    }

    private static XAttribute? Optional(string name, string? value) => value is null ? null : new XAttribute(name, Printable(value));

    private static string Required(XElement element, string name) =>
        (string?)element.Attribute(name) ?? throw new FormatException($"<{element.Name}> has no '{name}'");

    private static long Number(string text) => long.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);

    private static Guid Uuid(string? text) =>
        DeviceId.TryParseUuid(text, out var uuid) ? uuid : throw new FormatException("its <uuid> is not a uuid");

    private static T Parse<T>(string text) where T : struct, Enum =>
        EnumText.TryParse<T>(text, out var value) ? value.Value : throw new FormatException($"'{text}' is not {EnumText.Choices<T>()}");

    /// <summary>Text from elsewhere may hold characters that XML cannot.</summary>
    private static string Printable(string text) => string.Concat(OneLine.Of(text).Select(c => IsPrintable(c) ? c : '?'));

    private static bool IsPrintable(char c) => !char.IsControl(c) && !char.IsSurrogate(c) && c < '\ufffe';
}
