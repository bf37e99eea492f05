using System.Collections.Immutable;
using System.Globalization;
using System.Xml;
using System.Xml.Linq;
using LibvirtMdevHook.Simulator.Tree;

namespace LibvirtMdevHook.Simulator.HostFiles;

/// <summary>Reads a host file. Its elements and attributes are described in README.md.</summary>
internal static class HostFileReader
{
    public static HostDescription Load(string file)
    {
        try
        {
            var root = XDocument.Load(file, LoadOptions.SetLineInfo).Root!;
            var host = new HostElement(root, file);
            if (root.Name != "host")
                throw host.Error("is the outermost element, expected 'host'.");
            var parents = host.Children("parent").Select(Parent).ToImmutableArray();
            var others = host.Children("device").Select(Other).ToImmutableArray();
            var nodes = host.Choice("vfio", VfioNodesDescription.Groups, ("groups", VfioNodesDescription.Groups),
                ("both", VfioNodesDescription.GroupsAndCdevs), ("cdevs", VfioNodesDescription.Cdevs), ("none", VfioNodesDescription.None));
            host.NothingElse();
            if (parents.GroupBy(parent => parent.Name).FirstOrDefault(same => same.Count() > 1) is { Key: var twice })
                throw host.Error($"has the parent '{twice}' twice.");
            return new HostDescription(parents, others, nodes);
        }
        catch (XmlException e)
        {
            throw new HostFileException($"{file}:{e.LineNumber}: not well-formed XML: {e.Message}");
        }
        catch (IOException e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new HostFileException($"Cannot read the host file '{file}': it is not there.");
        }
    }

    private static ParentDescription Parent(HostElement element)
    {
        _ = element.Required("dialect", "'rfc2016', 'mdev' or 'vf'");
        var dialect = element.Choice("dialect", SimulatedDialect.Mdev, ("rfc2016", SimulatedDialect.Rfc2016),
            ("mdev", SimulatedDialect.Mdev), ("vf", SimulatedDialect.Vf));
        var path = element.Required("path", "the folder of the device below /sys/devices");
        var parent = new ParentDescription(
            element.Optional("name") ?? path.Split('/')[^1],
            path,
            element.Optional("subsystem") ?? "bus/pci",
            element.Optional("driver"),
            dialect)
        {
            Pci = element.Optional("vendor") is null ? null : Pci(element),
            DriverVersion = element.Optional("driver-version"),
            Vfs = element.Child("vfs") is { } vfs ? Vfs(vfs) : null,
            Queues = element.Child("queues") is { } queues ? Queues(queues) : null,
            Rules = Rules(element.Child("rules"), dialect),
            Pools = Amounts(element, "pool"),
            Types = [.. element.Children("type").Select(Type)],
            Attributes = [.. element.Children("attribute").Select(Attribute)],
        };
        element.NothingElse();
        Check(element, parent);
        return parent;
    }

    private static OtherDevice Other(HostElement element)
    {
        var device = new OtherDevice(
            element.Required("path", "the folder of the device below /sys/devices"), element.Optional("driver"), Pci(element))
        {
            Vfs = element.Child("vfs") is { } vfs ? Vfs(vfs) : null,
        };
        element.NothingElse();
        return device;
    }

    private static void Check(HostElement element, ParentDescription parent)
    {
        if (parent.Types.GroupBy(type => type.Id).FirstOrDefault(types => types.Count() > 1) is { Key: var twice })
            throw element.Error($"'{parent.Name}' has the type '{twice}' twice.");
        if (parent.Types.SelectMany(type => type.Costs.Keys).FirstOrDefault(pool => !parent.Pools.ContainsKey(pool)) is { } missing)
            throw element.Error($"'{parent.Name}' has a type that takes from '{missing}', expected a pool of that name.");
        if (parent is { Dialect: not SimulatedDialect.Rfc2016, Types.IsEmpty: true })
            throw element.Error($"'{parent.Name}' has no types, expected one at least in the dialects 'mdev' and 'vf'.");
        var needsVfs = parent.Dialect == SimulatedDialect.Vf;
        var mayHaveVfs = parent.Dialect != SimulatedDialect.Rfc2016 && parent.Pci is not null;
        if (parent.Vfs is null ? needsVfs : !mayHaveVfs)
        {
            throw element.Error(
                $"'{parent.Name}' is a PF or is not, expected a PCI device with 'vfs' in the dialect 'vf', with or without in 'mdev'.");
        }
    }

    private static VfsDescription Vfs(HostElement element)
    {
        var vfs = new VfsDescription(
            element.Number("count") ?? throw element.Error("needs the attribute 'count', a number."),
            element.Choice("enabled", true, ("yes", true), ("no", false)),
            element.Optional("driver"),
            element.Number("unbound") ?? 0,
            element.Choice("list", ListFormat.Header, ("header", ListFormat.Header), ("plain", ListFormat.Plain),
                ("name-first", ListFormat.NameFirst)));
        element.NothingElse();
        return vfs;
    }

    private static QueuesDescription Queues(HostElement element)
    {
        var queues = new QueuesDescription(Numbers(element, "adapters"), Numbers(element, "domains"),
            (ulong)(element.Number("maximum") ?? 255));
        element.NothingElse();
        return queues;
    }

    private static ImmutableHashSet<ulong> Numbers(HostElement element, string name) =>
        [.. element.Required(name, "numbers separated by commas").Split(',').Select(text =>
            ulong.TryParse(text, NumberStyles.None, null, out var number)
                ? number : throw element.Error($"has {name}='{text}', expected numbers."))];

    private static PciIdentity Pci(HostElement element) => new(
        (ushort)Hex(element, "vendor"), (ushort)Hex(element, "device"), Hex(element, "class"), element.Number("numa-node") ?? -1);

    private static uint Hex(HostElement element, string name)
    {
        var text = element.Required(name, "a number such as 0x10de");
        var digits = text.StartsWith("0x", StringComparison.Ordinal) ? text.AsSpan(2) : default;
        return uint.TryParse(digits, NumberStyles.AllowHexSpecifier, null, out var value)
            ? value
            : throw element.Error($"has {name}='{text}', expected a number such as 0x10de.");
    }

    private static Rules Rules(HostElement? element, SimulatedDialect dialect)
    {
        var otherSize = dialect == SimulatedDialect.Rfc2016 ? Errno.ENOSPC : Errno.EIO;
        if (element is null)
            return new Rules { OtherSize = otherSize };
        var rules = new Rules
        {
            OneSize = element.YesNo("one-size"),
            CreateBeforeOnline = element.YesNo("create-before-online"),
            ShrinkingTable = element.Choice("table", false, ("fixed", false), ("shrinking", true)),
            NeverOnline = element.Choice("online", false, ("switches", false), ("none", true)),
            MaxDevices = element.Number("max-devices") ?? int.MaxValue,
            Full = element.ErrorNumber("full", Errno.ENOSPC),
            OtherSize = element.ErrorNumber("other-size", otherSize),
            RemoveRefuses = element.Choice("remove", false, ("blocks", false), ("busy", true)),
            Unknown = element.ErrorNumber("unknown", Errno.EINVAL),
            ClearHeld = element.ErrorNumber("clear-held", Errno.EPERM),
            ClearIdle = element.Optional("clear-idle") == "ok" ? Errno.None : element.ErrorNumber("clear-idle", Errno.EPERM),
            Leaving = element.Time("leaving") ?? TimeSpan.Zero,
            SelfRemove = element.Time("self-remove"),
        };
        element.NothingElse();
        return rules;
    }

    private static ImmutableDictionary<string, int> Amounts(HostElement element, string child)
    {
        var amounts = ImmutableDictionary.CreateBuilder<string, int>();
        foreach (var amount in element.Children(child))
        {
            var name = amount.Required("name", "the name of a pool");
            var size = amount.Number("size") ?? 0;
            if (size == 0)
                throw amount.Error("needs the attribute 'size', a number above 0.");
            if (!amounts.TryAdd(name, size))
                throw amount.Error($"names the pool '{name}' twice.");
            amount.NothingElse();
        }

        return amounts.ToImmutable();
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
            Attributes = [.. element.Children("attribute").Select(Attribute)],
            Costs = Amounts(element, "takes"),
        };
        element.NothingElse();
        return type;
    }

    private static AttributeDescription Attribute(HostElement element)
    {
        var access = element.Optional("access") ?? "r";
        var attribute = new AttributeDescription(
            element.Required("name", "its path in the device's folder"),
            element.Optional("value") ?? "",
            access.Contains('r', StringComparison.Ordinal),
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
