using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>
/// Reads the host from sysfs. It keeps nothing from one run to the next, as drivers are loaded and
/// unloaded and their types change.
/// </summary>
internal static class HostReader
{
    /// <param name="isWanted">
    /// Decides by the name and the subsystem of a parent whether it is read. It is asked about
    /// parents of mediated devices, and about PFs whose VFs are not enabled, before anything else
    /// of them is read.
    /// </param>
    /// <param name="wanted">The types to read in full.</param>
    /// <param name="declared">
    /// Devices to look at. Only these VFs are read, unless all types are wanted.
    /// </param>
    /// <param name="everyVf">Also reads the VFs that are not declared.</param>
    public static Host Read(
        Root root,
        Func<SysfsName, Func<SysfsName?>, bool> isWanted,
        TypeFilter wanted,
        IEnumerable<DeviceId> declared,
        bool everyVf = false)
    {
        var ids = declared.ToArray();
        var vfs = ids.Where(id => id.Address is not null).Select(id => id.Name).ToHashSet();
        var readsEveryVf = everyVf || wanted.Declared is null;
        var parents = ImmutableArray.CreateBuilder<Parent>();
        foreach (var (name, path) in Candidates(root))
        {
            var isDeclaredVf = vfs.Contains(name);
            if (!isDeclaredVf && !isWanted(name, () => HostFile.LinkName(path / "subsystem")))
                continue;
            if (Dialect.Detect(path) is not { } dialect)
            {
                if (VirtualFunction.WhyVfsAreDisabled(name, path) is { } reason)
                    parents.Add(PfWithDisabledVfs(name, path, reason));
            }
            else if (dialect != Dialect.Vf || isDeclaredVf || readsEveryVf)
            {
                parents.Add(ReadParent(root, name, path, dialect, wanted));
            }
        }

        var devices = ReadDevices(root, parents, out var unlisted);
        return new Host(parents.ToImmutable(), devices, unlisted, ReadExisting(root, ids), ReadNotVfs(root, ids));
    }

    /// <summary>Reads everything, for listings.</summary>
    public static Host ReadAll(Root root) => Read(root, (_, _) => true, TypeFilter.All, []);

    /// <summary>
    /// class/mdev_bus lists the parents of the mainline interface. Those of the 2016 interface are
    /// only in their bus.
    /// </summary>
    private static IEnumerable<(SysfsName Name, HostPath Path)> Candidates(Root root)
    {
        var bus = root.Sys / "class/mdev_bus";
        var paths = new SortedDictionary<SysfsName, HostPath>();
        foreach (var name in HostFile.List(root.PciDevices))
            paths[name] = root.PciDevices / name;
        foreach (var name in HostFile.List(bus))
            paths[name] = bus / name;
        return paths.Select(pair => (pair.Key, pair.Value));
    }

    private static Parent ReadParent(Root root, SysfsName name, HostPath path, Dialect dialect, TypeFilter wanted)
    {
        var types = dialect.ReadTypes(path, wanted, out var reason);
        var gpu = HostFile.LinkName(path / "physfn") ?? name;
        return new Parent(
            name,
            gpu,
            path,
            dialect,
            RunsOneSize: dialect != Dialect.Vf && NvidiaDriver.Made(path),
            HostNuma.NodeOf(path),
            HasTypes: types is not null,
            types ?? [],
            dialect.HidesTypes ? ReadSeen(root, gpu, types ?? []) : [],
            reason);
    }

    /// <returns>
    /// The types that the GPU showed earlier, except those that are shown now with their names.
    /// </returns>
    private static ImmutableArray<MdevType> ReadSeen(Root root, SysfsName gpu, ImmutableArray<MdevType> shown) =>
        SeenTypes.Read(root, gpu).RemoveAll(seen => shown.Any(type => type.Id == seen.Id && type.Name is not null));

    private static Parent PfWithDisabledVfs(SysfsName name, HostPath path, Reason reason) =>
        new(name, name, path, Dialect.Vf, RunsOneSize: false, HostNuma.NodeOf(path), HasTypes: true, [], [], reason);

    private static ImmutableArray<ExistingDevice> ReadExisting(Root root, DeviceId[] declared)
    {
        var existing = ImmutableArray.CreateBuilder<ExistingDevice>();
        foreach (var id in declared)
        {
            if (HostDevice.Look(root, id) is { } device)
                existing.Add(new ExistingDevice(device, VfioGroup.Holder(root, device.Group)));
        }

        return existing.ToImmutable();
    }

    private static ImmutableDictionary<DeviceId, string> ReadNotVfs(Root root, DeviceId[] declared)
    {
        var reasons = ImmutableDictionary.CreateBuilder<DeviceId, string>();
        foreach (var id in declared)
        {
            if (id.Address is { } address && VirtualFunction.WhyNotAVf(root, address) is { } reason)
                reasons[id] = reason.Text;
        }

        return reasons.ToImmutable();
    }

    private static ImmutableDictionary<DeviceId, DevicePlace> ReadDevices(
        Root root, IEnumerable<Parent> parents, out ImmutableHashSet<SysfsName> unlisted)
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
