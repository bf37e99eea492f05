using System.Collections.Immutable;
using System.Globalization;
using System.Xml;
using System.Xml.Linq;
using LibvirtMdevHook.Simulator.Tree;

namespace LibvirtMdevHook.Simulator.Hosts;

/// <summary>Reads a host file. Its elements and attributes are described in hosts/README.md.</summary>
internal static class HostFile
{
    public static HostDescription Load(string file)
    {
        try
        {
            var root = XDocument.Load(file, LoadOptions.SetLineInfo).Root!;
            var host = new HostElement(root, file);
            if (root.Name != "host")
            {
                throw host.Error("is the outermost element, expected 'host'.");
            }

            var parents = host.Children("parent").Select(Parent).ToImmutableArray();
            host.NothingElse();
            return new HostDescription(parents);
        }
        catch (XmlException e)
        {
            throw new HostFileException($"{file}:{e.LineNumber}: not well-formed XML: {e.Message}");
        }
        catch (IOException e)
        {
            throw new HostFileException($"Cannot read the host file '{file}': {e.Message}");
        }
    }

    private static ParentDescription Parent(HostElement element)
    {
        var dialect = element.Required("dialect", "'rfc2016' or 'mdev'") is null ? default
            : element.Choice("dialect", Dialect.Mdev, ("rfc2016", Dialect.Rfc2016), ("mdev", Dialect.Mdev));
        var path = element.Required("path", "the folder of the device below /sys/devices");
        var parent = new ParentDescription(
            element.Optional("name") ?? path.Split('/')[^1],
            path,
            element.Optional("subsystem") ?? "bus/pci",
            element.Optional("driver"),
            dialect)
        {
            Pci = element.Optional("vendor") is null ? null : Pci(element),
            Rules = Rules(element.Child("rules"), dialect),
            Pools = element.Children("pool").Select(Amount).ToImmutableDictionary(),
            Types = [.. element.Children("type").Select(Type)],
            Attributes = [.. element.Children("attribute").Select(Attribute)],
        };
        element.NothingElse();
        return parent;
    }

    private static PciIdentity Pci(HostElement element) => new(
        (ushort)Hex(element, "vendor"), (ushort)Hex(element, "device"), Hex(element, "class"), element.Number("numa-node") ?? -1);

    private static uint Hex(HostElement element, string name)
    {
        var text = element.Required(name, "a number such as 0x10de");
        return text.StartsWith("0x", StringComparison.Ordinal) && uint.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, null, out var value)
            ? value
            : throw element.Error($"has {name}='{text}', expected a number such as 0x10de.");
    }

    private static Rules Rules(HostElement? element, Dialect dialect)
    {
        var otherSize = dialect == Dialect.Mdev ? Errno.EIO : Errno.ENOSPC;
        if (element is null)
        {
            return new Rules { OtherSize = otherSize };
        }

        var rules = new Rules
        {
            OneSize = element.YesNo("one-size"),
            CreateBeforeOnline = element.YesNo("create-before-online"),
            ShrinkingTable = element.Choice("table", false, ("fixed", false), ("shrinking", true)),
            MaxDevices = element.Number("max-devices") ?? int.MaxValue,
            Full = element.ErrorNumber("full", Errno.ENOSPC),
            OtherSize = element.ErrorNumber("other-size", otherSize),
            RemoveRefuses = element.Choice("remove", false, ("blocks", false), ("busy", true)),
            SelfRemove = element.Time("self-remove"),
        };
        element.NothingElse();
        return rules;
    }

    private static KeyValuePair<string, int> Amount(HostElement element)
    {
        var amount = KeyValuePair.Create(
            element.Required("name", "the name of a pool"), element.Number("size") ?? throw element.Error("needs the attribute 'size', a number."));
        element.NothingElse();
        return amount;
    }

    private static TypeDescription Type(HostElement element)
    {
        var type = new TypeDescription(element.Required("id", "the type id"))
        {
            Name = element.Optional("name"),
            Description = element.Child("description") is { } text ? Lines(text.Text) : null,
            DeviceApi = element.Optional("device-api") ?? "vfio-pci",
            MaxInstances = element.Number("max-instances") ?? int.MaxValue,
            Framebuffer = element.Optional("framebuffer"),
            Heads = element.Optional("num-heads") ?? "",
            FrlConfig = element.Optional("frl-config") ?? "",
            MaxResolution = element.Optional("max-resolution") ?? "",
            Costs = element.Children("takes").Select(Amount).ToImmutableDictionary(),
        };
        element.NothingElse();
        return type;
    }

    private static DeviceAttribute Attribute(HostElement element)
    {
        var access = element.Optional("access") ?? "r";
        var attribute = new DeviceAttribute(
            element.Required("name", "its path in the device's folder"), element.Optional("value") ?? "", access.Contains('r', StringComparison.Ordinal),
            access.Contains('w', StringComparison.Ordinal))
        {
            MaxLength = element.Number("max-length") ?? int.MaxValue,
            WhileHeld = element.ErrorNumber("while-held", Errno.None),
        };
        element.NothingElse();
        return access is "r" or "w" or "rw" ? attribute : throw element.Error($"has access='{access}', expected 'r', 'w' or 'rw'.");
    }

    /// <summary>A text of several lines without the indentation of the file.</summary>
    private static string Lines(string text) => string.Join('\n', text.Trim().Split('\n').Select(line => line.Trim()));
}
