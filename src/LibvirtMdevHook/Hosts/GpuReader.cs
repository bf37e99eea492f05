using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>
/// Reads what is asked of one physical GPU: its parents, the declared devices on it, and which of
/// its VFs have a type. All that its driver answers is read on one thread, which may never end.
/// </summary>
internal sealed class GpuReader(Root root, SysfsName gpu, TypeFilter wanted)
{
    private readonly List<FoundParent> _parents = [];
    private readonly List<DeviceId> _declared = [];

    /// <param name="dialect">Null for a PF whose VFs may not be enabled.</param>
    public void AddParent(SysfsName name, HostPath path, Dialect? dialect) => _parents.Add(new FoundParent(name, path, dialect));

    /// <summary>
    /// Adds what was declared as a parent and takes no mediated devices, to find out why.
    /// </summary>
    public void AddUnfit(SysfsName name, HostPath path) => _parents.Add(new FoundParent(name, path, null) { IsUnfit = true });

    public void AddDeclared(DeviceId device) => _declared.Add(device);

    public GpuRead<GpuContents> Begin() => GpuRead<GpuContents>.Begin(root, gpu, Read);

    /// <summary>
    /// What can be said of a GPU that does not answer: where it is, and that it is not to be used.
    /// </summary>
    public GpuContents Silent(SilentGpu silent)
    {
        var reason = new Reason($"{silent.What}; {SilentGpu.Remedy}") { Error = Errno.ETIMEDOUT };
        var parents = _parents.DistinctBy(found => found.Name).Select(found => new Parent(
            found.Name, gpu, found.Path, found.Dialect ?? Dialect.Vf, RunsOneSize: false, NumaNode: null, HasTypes: true, [], [], reason));
        return GpuContents.Empty with
        {
            Parents = [.. parents],
            HasUnlistedVfs = true,
            NotSeen = _declared.ToImmutableDictionary(device => device, _ => reason),
        };
    }

    private GpuContents Read()
    {
        var parents = ImmutableArray.CreateBuilder<Parent>();
        var notParents = ImmutableDictionary.CreateBuilder<SysfsName, Reason>();
        foreach (var found in _parents)
        {
            if (found.IsUnfit)
                AddReason(notParents, found);
            else if (found.Dialect is { } dialect)
                parents.Add(ReadParent(found.Name, found.Path, dialect));
            else if (VirtualFunction.WhyVfsAreDisabled(found.Name, found.Path) is { } reason)
                parents.Add(PfWithDisabledVfs(found.Name, found.Path, reason));
        }

        var contents = GpuContents.Empty with
        {
            Parents = parents.ToImmutable(),
            NotParents = notParents.ToImmutable(),
            Existing = ReadExisting(),
            NotVfs = ReadNotVfs(),
        };
        return parents.Any(p => p.Name != gpu) ? WithVfs(contents) : contents;
    }

    private void AddReason(ImmutableDictionary<SysfsName, Reason>.Builder notParents, FoundParent unfit)
    {
        if (GpuObstacle.OfParent(root, PciDevice.Read(unfit.Name, unfit.Path)) is { } obstacle)
            notParents[unfit.Name] = obstacle.Reason;
    }

    private Parent ReadParent(SysfsName name, HostPath path, Dialect dialect)
    {
        var types = dialect.ReadTypes(path, wanted, out var reason);
        return new Parent(
            name,
            gpu,
            path,
            dialect,
            RunsOneSize: dialect != Dialect.Vf && NvidiaDriver.Made(path),
            HostNuma.NodeOf(path),
            HasTypes: types is not null,
            types ?? [],
            dialect.HidesTypes ? ReadSeen(types ?? []) : [],
            reason)
        {
            NamesAllTypes = dialect != Dialect.Mdev || wanted.NamesAll(types ?? []),
        };
    }

    /// <returns>
    /// The types that the GPU showed earlier, except those that are shown now with their names.
    /// </returns>
    private ImmutableArray<MdevType> ReadSeen(ImmutableArray<MdevType> shown) =>
        SeenTypes.Read(root, gpu).RemoveAll(seen => shown.Any(type => type.Id == seen.Id && type.Name is not null));

    private static Parent PfWithDisabledVfs(SysfsName name, HostPath path, Reason reason) =>
        new(name, name, path, Dialect.Vf, RunsOneSize: false, HostNuma.NodeOf(path), HasTypes: true, [], [], reason);

    private ImmutableArray<HostDevice> ReadExisting() =>
        [.. _declared.Select(device => HostDevice.Read(root, device)).OfType<HostDevice>()];

    private ImmutableDictionary<DeviceId, string> ReadNotVfs()
    {
        var reasons = ImmutableDictionary.CreateBuilder<DeviceId, string>();
        foreach (var device in _declared)
        {
            if (device.Address is { } address && VfAddress.WhyNotAVf(root, address) is { } reason)
                reasons[device] = reason.Text;
        }

        return reasons.ToImmutable();
    }

    private GpuContents WithVfs(GpuContents contents)
    {
        var vfs = VirtualFunction.Of(root.PciDevices / gpu).ToArray();
        var places = ImmutableDictionary.CreateBuilder<DeviceId, DevicePlace>();
        foreach (var (address, path) in vfs)
        {
            if (VirtualFunction.HasType(path, out var type))
                places[DeviceId.Vf(address)] = new DevicePlace(address.Name, type, gpu);
        }

        return contents with { Vfs = places.ToImmutable(), HasUnlistedVfs = vfs.Length == 0 };
    }

    private sealed record FoundParent(SysfsName Name, HostPath Path, Dialect? Dialect)
    {
        /// <summary>It was declared as a parent, and takes no mediated devices.</summary>
        public bool IsUnfit { get; init; }
    }
}

/// <summary>What was read of one physical GPU.</summary>
/// <param name="Vfs">Its VFs that have a type.</param>
/// <param name="HasUnlistedVfs">
/// Its VFs could not be listed, so it is not known what runs on it.
/// </param>
/// <param name="Existing">The declared devices on it that exist.</param>
/// <param name="NotVfs">
/// The declared addresses that name no VF which takes a type, each with the reason as a clause.
/// </param>
/// <param name="NotSeen">
/// The declared devices that could not be looked at, each with the reason as a clause.
/// </param>
internal sealed record GpuContents(
    ImmutableArray<Parent> Parents,
    ImmutableDictionary<DeviceId, DevicePlace> Vfs,
    bool HasUnlistedVfs,
    ImmutableArray<HostDevice> Existing,
    ImmutableDictionary<DeviceId, string> NotVfs,
    ImmutableDictionary<DeviceId, Reason> NotSeen)
{
    public static readonly GpuContents Empty = new(
        [],
        ImmutableDictionary<DeviceId, DevicePlace>.Empty,
        false,
        [],
        ImmutableDictionary<DeviceId, string>.Empty,
        ImmutableDictionary<DeviceId, Reason>.Empty);

    /// <summary>Why what was declared as a parent takes no mediated devices.</summary>
    public ImmutableDictionary<SysfsName, Reason> NotParents { get; init; } = ImmutableDictionary<SysfsName, Reason>.Empty;
}
