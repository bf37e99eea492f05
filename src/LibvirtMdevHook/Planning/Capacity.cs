using System.Collections.Immutable;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Planning;

/// <summary>
/// Counts what is taken on the host: the devices that exist, and the claims whose device does not exist yet. The kernel's
/// <c>available_instances</c> counts only the former.
/// </summary>
internal sealed class Capacity
{
    private readonly Host _host;
    private readonly ImmutableArray<Claim> _claims;

    /// <summary>The claims whose device does not exist yet.</summary>
    private readonly ImmutableArray<Claim> _pending;

    /// <summary>The number of devices on each physical GPU.</summary>
    private readonly ImmutableDictionary<SysfsName, int> _loads;

    private readonly RunningTypes _running;

    private Capacity(
        Host host,
        ImmutableArray<Claim> claims,
        ImmutableArray<Claim> pending,
        ImmutableDictionary<SysfsName, int> loads,
        RunningTypes running) => (_host, _claims, _pending, _loads, _running) = (host, claims, pending, loads, running);

    public static Capacity Of(Host host, IEnumerable<Record> records)
    {
        var claims = ImmutableArray.CreateBuilder<Claim>();
        var pending = ImmutableArray.CreateBuilder<Claim>();
        foreach (var record in records)
        {
            claims.AddRange(record.Claims);
            pending.AddRange(record.Claims.Where(claim => IsPending(host, record, claim)));
        }

        var gpusOfDevices = host.Devices.Values.Select(place => GpuOf(host, place)).OfType<SysfsName>();
        var loads = gpusOfDevices.Concat(pending.Select(claim => claim.Gpu)).CountBy(gpu => gpu).ToImmutableDictionary();
        return new Capacity(host, claims.ToImmutable(), pending.ToImmutable(), loads, RunningTypes.Of(host, claims));
    }

    /// <summary>
    /// The capacity after a claim whose device is still to be made. A device of that name that exists is another one, whose uuid an incoming
    /// domain gives up.
    /// </summary>
    public Capacity Plus(Claim claim) =>
        new(_host, _claims.Add(claim), _pending.Add(claim), _loads.SetItem(claim.Gpu, Load(claim.Gpu) + 1), _running);

    /// <summary>How many devices a physical GPU carries, for placement.</summary>
    public int Load(SysfsName gpu) => _loads.GetValueOrDefault(gpu);

    /// <summary>Whether one more device of the type can be made on the parent.</summary>
    public bool HasRoomFor(Parent parent, MdevType? type) =>
        type is null || (OtherSize(parent, type) is null && Left(parent, type) is null or > 0);

    /// <returns>How many devices of the type can still be made on the parent; null where neither kernel nor driver tells.</returns>
    public int? Left(Parent parent, MdevType type)
    {
        var pending = _pending.Where(c => c.Parent == parent.Name).ToArray();
        // The 2016 interface tells how many a parent takes in all, and not how many are left. A removal that the kernel blocks still uses its
        // instance there, although sysfs does not show the device any more.
        if (!parent.Dialect.TellsType)
            return type.MaxInstances - _host.DevicesOn(parent.Name) - pending.Length;
        var takesAnyInstance = parent.RunsOneSize || parent.Dialect == Dialect.Vf;
        var spokenFor = pending.Count(c => IsSpokenFor(c) && (takesAnyInstance || c.Type?.Id == type.Id));
        var left = (type.AvailableInstances ?? 0) - spokenFor;
        if (left > 0 && parent.Dialect == Dialect.Vf && !HasFramebufferFor(parent, type))
            return 0;
        return left;
    }

    /// <returns>A claimed type of another framebuffer size on the parent's GPU, if the GPU runs one size at a time; null for none.</returns>
    public ClaimedType? OtherSize(Parent parent, MdevType type)
    {
        if (!parent.RunsOneSize || type.Framebuffer is not { } framebuffer)
            return null;
        return _claims.FirstOrDefault(c => c.Gpu == parent.Gpu && c.Type?.Framebuffer is { } size && size != framebuffer)?.Type;
    }

    /// <summary>
    /// Whether a device of the type binds no GPU to one framebuffer size: the GPU runs several sizes, or ran this one before the domain at hand.
    /// </summary>
    public bool BindsNoGpu(Parent parent, MdevType? type) =>
        !parent.RunsOneSize || type?.Framebuffer is not { } size || Runs(parent.Gpu, type.Id) || _running.HasSize(parent.Gpu, size);

    /// <summary>Whether a GPU ran the type before the domain at hand.</summary>
    public bool Runs(SysfsName gpu, SysfsName type) => _running.HasType(gpu, type);

    /// <summary>Whether a device on this GPU is being removed.</summary>
    public bool IsBeingFreed(SysfsName gpu) => _claims.Any(c => c.Gpu == gpu && c.Stage == Stage.Leaving);

    /// <returns>
    /// The type of each device and each pending claim on the parent, of a VF on its whole GPU, as far as the types are known.
    /// </returns>
    public IEnumerable<SysfsName> TypesOn(Parent parent)
    {
        var onGpu = parent.Dialect == Dialect.Vf;
        var devices = _host.Devices.Where(d => onGpu ? d.Value.Gpu == parent.Gpu : d.Value.Parent == parent.Name);
        var pending = _pending.Where(c => onGpu ? c.Gpu == parent.Gpu : c.Parent == parent.Name);
        return devices.Select(d => d.Value.Type ?? _claims.FirstOrDefault(c => c.Device == d.Key)?.Type?.Id)
            .Concat(pending.Select(c => c.Type?.Id))
            .OfType<SysfsName>();
    }

    /// <returns>The name of a type on a parent, also if only the cache of seen types or a claim tells it; the id where nothing tells it.</returns>
    public string TitleOf(Parent parent, SysfsName id)
    {
        var known = parent.Types.Concat(parent.Seen).FirstOrDefault(t => t.Id == id && t.Name is not null);
        var claimed = _claims.FirstOrDefault(c => c.Gpu == parent.Gpu && c.Type?.Id == id);
        return known?.Name ?? claimed?.Type?.Name ?? id.ToString();
    }

    /// <returns>
    /// The framebuffer of a VF's GPU: what its list shows while nothing runs there, otherwise what a claim notes; null where it is not known.
    /// </returns>
    public int? Gigabytes(Parent vf)
    {
        if (vf.Dialect != Dialect.Vf)
            return null;
        if (IsIdle(vf.Gpu) && !IsBeingFreed(vf.Gpu))
            return VgpuSize.OfGpu(vf.Types);
        return _claims.Where(c => c.Gpu == vf.Gpu).Max(c => c.Type?.GpuGigabytes);
    }

    /// <summary>
    /// Whether the driver may refuse a VF's type because claims on its GPU are of another size. Which sizes a GPU runs side by side shows only
    /// once one runs: so this is no reason against the VF, but a reason to prefer another.
    /// </summary>
    public bool MayNotMix(Parent parent, MdevType? type)
    {
        if (parent.Dialect != Dialect.Vf || VgpuSize.Of(type?.Name) is not { } size || !IsIdle(parent.Gpu))
            return false;
        return Beside(parent).Any(c => VgpuSize.Of(c.Type?.Name) is { } other && other != size);
    }

    /// <summary>
    /// Whether the GPU of a VF has framebuffer left for the type. A VF lists a type until no more of it fits beside the types that are set. So
    /// without claims on its siblings the list is the truth. With claims the list tells that one more fits, and not how many: then the sizes in the
    /// names of the types that are set and claimed are added up. More than the GPU has is refused. Where a size, or the GPU's framebuffer, is not
    /// known, nothing is refused: the driver still decides before the guest starts.
    /// </summary>
    private bool HasFramebufferFor(Parent vf, MdevType type)
    {
        var beside = Beside(vf).ToArray();
        if (beside.Length == 0 || Gigabytes(vf) is not { } all || VgpuSize.Of(type.Name) is not { } size)
            return true;
        var claimed = beside.Select(c => c.Parent).ToHashSet();
        var set = _host.Devices.Values.Where(d => d.Gpu == vf.Gpu && !claimed.Contains(d.Parent)).Select(d => d.Type).OfType<SysfsName>();
        var names = set.Select(id => TitleOf(vf, id)).Concat(beside.Select(c => c.Type?.Name));
        return names.Sum(name => VgpuSize.Of(name) ?? 0) + size <= all;
    }

    /// <summary>The claims on the other VFs of a GPU whose type is not set yet.</summary>
    private IEnumerable<Claim> Beside(Parent vf) => _pending.Where(c => c.Gpu == vf.Gpu && c.Parent != vf.Name && IsSpokenFor(c));

    private bool IsIdle(SysfsName gpu) =>
        !_host.Unlisted.Contains(gpu) && _host.Devices.Values.All(place => GpuOf(_host, place) != gpu);

    private static bool IsSpokenFor(Claim claim) => claim.Stage is Stage.Reserved or Stage.Intended;

    /// <summary>
    /// Whether the claim's device is still to be made. A device with the name of a reservation is another one: the reserved device does not exist.
    /// The device of a start's claim may have been made since its record was read.
    /// </summary>
    private static bool IsPending(Host host, Record record, Claim claim)
    {
        var isReservation = record.Expires is not null && !claim.IsForeign;
        return isReservation || !host.Devices.ContainsKey(claim.Device);
    }

    private static SysfsName? GpuOf(Host host, DevicePlace place) =>
        place.Gpu ?? host.Parents.FirstOrDefault(p => p.Name == place.Parent)?.Gpu;
}
