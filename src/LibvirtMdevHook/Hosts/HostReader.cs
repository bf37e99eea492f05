using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>
/// Reads the host from sysfs. It keeps nothing from one run to the next, as drivers are loaded and
/// unloaded and their types change. Physical GPUs are read side by side, each with a limit: the
/// others are read although the driver of one hangs.
/// </summary>
internal sealed class HostReader
{
    private readonly Root _root;
    private readonly TypeFilter _wanted;
    private readonly VfioHolders _holders;
    private readonly SortedDictionary<SysfsName, GpuReader> _gpus = [];

    private SysfsName? _firstVf;

    private HostReader(Root root, TypeFilter wanted, VfioHolders holders) => (_root, _wanted, _holders) = (root, wanted, holders);

    /// <param name="isWanted">
    /// Decides by the name and the subsystem of a parent whether it is read. It is asked about
    /// parents of mediated devices, and about PFs whose VFs are not enabled, before anything else
    /// of them is read.
    /// </param>
    /// <param name="wanted">The types to read in full.</param>
    /// <param name="declared">
    /// Devices to look at. Only these VFs are read, unless all types are wanted.
    /// </param>
    /// <param name="holders">Who holds the declared devices that exist.</param>
    /// <param name="everyVf">Also reads the VFs that are not declared.</param>
    /// <param name="isDeclaredParent">
    /// Decides in the same way whether to find out why a PCI device takes no mediated devices; null
    /// for none.
    /// </param>
    public static Host Read(
        Root root,
        Func<SysfsName, Func<SysfsName?>, bool> isWanted,
        TypeFilter wanted,
        IEnumerable<DeviceId> declared,
        VfioHolders holders,
        bool everyVf = false,
        Func<SysfsName, Func<SysfsName?>, bool>? isDeclaredParent = null)
    {
        var reader = new HostReader(root, wanted, holders);
        var ids = declared.ToArray();
        reader.AddParents(ids, isWanted, everyVf || wanted.Declared is null, isDeclaredParent);
        foreach (var id in ids)
        {
            if (PhysicalGpu.Of(root, id) is { } gpu)
                reader.Gpu(gpu).AddDeclared(id);
        }

        return reader.Read();
    }

    /// <summary>Reads everything, for listings.</summary>
    public static Host ReadAll(Root root) => ReadAll(root, TypeFilter.All);

    /// <summary>Reads all parents with the wanted types, and all VFs.</summary>
    public static Host ReadAll(Root root, TypeFilter wanted) =>
        Read(root, (_, _) => true, wanted, [], new VfioHolders(root), everyVf: true);

    private void AddParents(
        DeviceId[] declared,
        Func<SysfsName, Func<SysfsName?>, bool> isWanted,
        bool readsEveryVf,
        Func<SysfsName, Func<SysfsName?>, bool>? isDeclaredParent)
    {
        var vfs = declared.Where(id => id.Address is not null).Select(id => id.Name).ToHashSet();
        foreach (var (name, path) in ParentFolder.All(_root))
        {
            var isDeclaredVf = vfs.Contains(name);
            if (!isDeclaredVf && !isWanted(name, () => HostFile.LinkName(path / "subsystem")))
                continue;
            var dialect = Dialect.Detect(path);
            var isToRead = dialect is null
                ? VirtualFunction.MayHaveDisabledVfs(path)
                : dialect != Dialect.Vf || isDeclaredVf || readsEveryVf;
            if (isToRead)
                Gpu(PhysicalGpu.Of(name, path)).AddParent(name, path, dialect);
            if (dialect is not null && dialect != Dialect.Vf)
                continue;
            if (isDeclaredParent?.Invoke(name, () => HostFile.LinkName(path / "subsystem")) == true)
                Gpu(PhysicalGpu.Of(name, path)).AddUnfit(name, path);
            if (dialect is not null)
                _firstVf ??= name;
        }
    }

    private GpuReader Gpu(SysfsName name)
    {
        if (!_gpus.TryGetValue(name, out var gpu))
            _gpus[name] = gpu = new GpuReader(_root, name, _wanted);
        return gpu;
    }

    private Host Read()
    {
        // All reads begin at once: a GPU that does not answer takes no time from the others.
        var reads = _gpus.Select(gpu => (gpu.Key, Reader: gpu.Value, Read: gpu.Value.Begin())).ToArray();
        var devices = ImmutableDictionary.CreateBuilder<DeviceId, DevicePlace>();
        var host = Host.Empty;
        var parents = new List<Parent>();
        foreach (var (gpu, reader, read) in reads)
        {
            var contents = read.Result(out var silent) ?? reader.Silent(silent!);
            parents.AddRange(contents.Parents);
            devices.AddRange(contents.Vfs);
            host = host with
            {
                Unlisted = contents.HasUnlistedVfs ? host.Unlisted.Add(gpu) : host.Unlisted,
                Silent = silent is null ? host.Silent : host.Silent.Add(gpu, silent),
                Existing = host.Existing.AddRange(contents.Existing.Select(device => new ExistingDevice(device, _holders))),
                NotVfs = host.NotVfs.AddRange(contents.NotVfs),
                NotParents = host.NotParents.AddRange(contents.NotParents),
                NotSeen = host.NotSeen.AddRange(contents.NotSeen),
            };
        }

        // After the types: a device that is made meanwhile must not be missed here and counted there.
        devices.AddRange(Mdevs());
        return host with
        {
            Parents = [.. parents.OrderBy(parent => parent.Name)],
            Devices = devices.ToImmutable(),
            FirstVf = _firstVf,
        };
    }

    private ImmutableDictionary<DeviceId, DevicePlace>.Builder Mdevs()
    {
        var devices = ImmutableDictionary.CreateBuilder<DeviceId, DevicePlace>();
        foreach (var name in HostFile.List(_root.MdevDevices))
        {
            var path = _root.MdevDevices / name;
            if (!DeviceId.TryParse(name.ToString(), out var id) || HostDevice.ParentOf(path) is not { } parent)
                continue;
            var gpu = PhysicalGpu.Of(parent, Dialect.ParentPath(_root, parent));
            devices[id] = new DevicePlace(parent, HostFile.LinkName(path / "mdev_type"), gpu);
        }

        return devices;
    }
}
