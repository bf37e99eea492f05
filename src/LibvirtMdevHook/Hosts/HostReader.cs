using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>Reads the host from sysfs, anew at each run: drivers come and go, tables change.</summary>
internal static class HostReader
{
    private const string NvidiaVendor = "0x10de";

    /// <param name="isWanted">
    /// Asked with the name and subsystem of a parent of mediated devices, or of a PF whose VFs are not enabled, before anything of it is read.
    /// </param>
    /// <param name="wanted">Which types to read in full.</param>
    /// <param name="declared">Devices to look at where they exist; of VFs only these are read, unless all types are wanted.</param>
    /// <param name="everyVf">Also those VFs that are not declared.</param>
    public static Host Read(
        Root root, Func<SysfsName, Func<SysfsName?>, bool> isWanted, TypeFilter wanted, IEnumerable<DeviceId> declared, bool everyVf = false)
    {
        var ids = declared.ToArray();
        var vfs = ids.Where(id => id.Address is not null).Select(id => id.Name).ToHashSet();
        var parents = ImmutableArray.CreateBuilder<Parent>();
        foreach (var (name, path) in Candidates(root))
        {
            var isVf = vfs.Contains(name);
            if (!isVf && !isWanted(name, () => HostFile.LinkName(path / "subsystem")))
                continue;
            if (Dialect.Detect(path) is not { } dialect)
                parents.AddRange(Asleep(name, path));
            else if (dialect != Dialect.Vf || isVf || everyVf || wanted.Declared is null)
                parents.Add(ReadParent(root, name, path, dialect, wanted));
        }

        var existing = ids.Select(id => HostDevice.Look(root, id)).OfType<HostDevice>()
            .Select(device => new ExistingDevice(device, VfioGroup.Holder(root, device.Group)));
        var devices = ReadDevices(root, parents, out var unlisted);
        return new Host(parents.ToImmutable(), devices, unlisted, [.. existing], NoVfs(root, ids));
    }

    /// <summary>Everything, for listings.</summary>
    public static Host ReadAll(Root root) => Read(root, (_, _) => true, TypeFilter.All, []);

    private static Parent ReadParent(Root root, SysfsName name, HostPath path, Dialect dialect, TypeFilter wanted)
    {
        var types = dialect.ReadTypes(path, wanted, out var trouble);
        var gpu = HostFile.LinkName(path / "physfn") ?? name;
        return new Parent(
            name,
            gpu,
            path,
            dialect,
            dialect != Dialect.Vf && HostFile.ReadTrimmed(path / "vendor") == NvidiaVendor,
            HostNuma.NodeOf(path),
            types is not null,
            types ?? [],
            dialect.HidesTypes ? SeenTypes.Read(root, gpu).RemoveAll(seen => types?.Any(t => t.Id == seen.Id && t.Name is not null) == true) : [],
            trouble);
    }

    private static ImmutableDictionary<DeviceId, string> NoVfs(Root root, IEnumerable<DeviceId> declared)
    {
        var reasons = ImmutableDictionary.CreateBuilder<DeviceId, string>();
        foreach (var id in declared)
        {
            if (id.Address is { } address && VirtualFunction.WhyNotAVf(root, address) is { } why)
                reasons[id] = why;
        }

        return reasons.ToImmutable();
    }

    private static IEnumerable<Parent> Asleep(SysfsName name, HostPath path) => VirtualFunction.WhyVfsAreDisabled(name, path) is { } why
        ? [new Parent(name, name, path, Dialect.Vf, false, HostNuma.NodeOf(path), true, [], [], why)]
        : [];

    /// <summary>mdev_bus lists the parents of the mainline interface; those of the 2016 one are only in their bus.</summary>
    private static IEnumerable<(SysfsName Name, HostPath Path)> Candidates(Root root)
    {
        var bus = root.Sys / "class/mdev_bus";
        var pci = root.PciDevices;
        var registered = HostFile.List(bus).Select(name => (Name: name, Path: bus / name)).ToArray();
        var names = registered.Select(p => p.Name).ToHashSet();
        return registered
            .Concat(HostFile.List(pci).Where(name => !names.Contains(name)).Select(name => (name, pci / name)))
            .OrderBy(p => p.Item1);
    }

    private static ImmutableDictionary<DeviceId, DevicePlace> ReadDevices(Root root, IEnumerable<Parent> parents, out ImmutableHashSet<SysfsName> unlisted)
    {
        var devices = ImmutableDictionary.CreateBuilder<DeviceId, DevicePlace>();
        foreach (var name in HostFile.List(root.MdevDevices))
        {
            if (DeviceId.TryParse(name.ToString(), out var id) && HostDevice.ParentOf(root.MdevDevices / name) is { } parent)
                devices[id] = new DevicePlace(parent, HostFile.LinkName(root.MdevDevices / name / "mdev_type"));
        }

        unlisted = [];
        foreach (var gpu in parents.Where(p => p.Name != p.Gpu).Select(p => p.Gpu).Distinct())
        {
            var vfs = VirtualFunction.Of(root.PciDevices / gpu).ToArray();
            if (vfs.Length == 0)
                unlisted = unlisted.Add(gpu);
            foreach (var (address, path) in vfs)
            {
                if (VirtualFunction.HasType(path, out var type))
                    devices[DeviceId.Vf(address)] = new DevicePlace(address.Name, type, gpu);
            }
        }

        return devices.ToImmutable();
    }
}
