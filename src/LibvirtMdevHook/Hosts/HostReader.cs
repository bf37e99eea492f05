using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>Reads the host from sysfs, anew at each run: drivers come and go, tables change.</summary>
internal static class HostReader
{
    private const string NvidiaVendor = "0x10de";

    /// <param name="isWanted">Asked with a parent's name and its subsystem before anything of it is read.</param>
    /// <param name="wanted">Which types to read in full.</param>
    /// <param name="declared">Devices to look at where they exist.</param>
    public static Host Read(Root root, Func<SysfsName, Func<SysfsName?>, bool> isWanted, TypeFilter wanted, IEnumerable<DeviceId> declared)
    {
        var parents = ImmutableArray.CreateBuilder<Parent>();
        foreach (var (name, path) in Candidates(root))
        {
            if (isWanted(name, () => Sysfs.LinkName(path / "subsystem")) && Dialect.Detect(path) is { } dialect)
                parents.Add(ReadParent(name, path, dialect, wanted));
        }

        var existing = declared.Select(id => MdevDevice.Look(root, id)).OfType<MdevDevice>()
            .Select(device => new ExistingDevice(device, GroupNode.Holder(root, device.Group)));
        return new Host(parents.ToImmutable(), ReadDevices(root), [.. existing]);
    }

    /// <summary>Everything, for listings.</summary>
    public static Host ReadAll(Root root) => Read(root, (_, _) => true, TypeFilter.All, []);

    private static Parent ReadParent(SysfsName name, HostPath path, Dialect dialect, TypeFilter wanted)
    {
        var types = dialect.ReadTypes(path, wanted, out var trouble);
        return new Parent(
            name,
            Sysfs.LinkName(path / "physfn") ?? name,
            path,
            dialect,
            Sysfs.ReadTrimmed(path / "vendor") == NvidiaVendor,
            HostNuma.NodeOf(path),
            types is not null,
            types ?? [],
            trouble);
    }

    /// <summary>mdev_bus lists the parents of the mainline interface; those of the 2016 one are only in their bus.</summary>
    private static IEnumerable<(SysfsName Name, HostPath Path)> Candidates(Root root)
    {
        var bus = root.Sys / "class/mdev_bus";
        var pci = root.Sys / "bus/pci/devices";
        var registered = Sysfs.List(bus).Select(name => (Name: name, Path: bus / name)).ToArray();
        var names = registered.Select(p => p.Name).ToHashSet();
        return registered
            .Concat(Sysfs.List(pci).Where(name => !names.Contains(name)).Select(name => (name, pci / name)))
            .OrderBy(p => p.Item1);
    }

    private static ImmutableDictionary<DeviceId, DevicePlace> ReadDevices(Root root)
    {
        var devices = ImmutableDictionary.CreateBuilder<DeviceId, DevicePlace>();
        foreach (var name in Sysfs.List(root.MdevDevices))
        {
            if (DeviceId.TryParse(name.ToString(), out var id) && MdevDevice.ParentOf(root.MdevDevices / name) is { } parent)
                devices[id] = new DevicePlace(parent, Sysfs.LinkName(root.MdevDevices / name / "mdev_type"));
        }

        return devices.ToImmutable();
    }
}
