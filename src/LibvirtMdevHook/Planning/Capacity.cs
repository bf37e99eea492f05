using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Planning;

/// <summary>
/// Counts what is taken on the host: the devices that exist, and the claims whose device does not
/// exist yet. The kernel's <c>available_instances</c> counts only the former.
/// </summary>
internal sealed class Capacity
{
    private readonly Host _host;
    private readonly DeviceIndex _devices;

    /// <summary>The claim on each device that has one, without those that a plan adds.</summary>
    private readonly Dictionary<DeviceId, Claim> _claimOf = [];

    private readonly RunningTypes _running;

    /// <summary>
    /// The gigabytes of its GPU that each VF's list of types tells, as they are asked for often.
    /// </summary>
    private readonly Dictionary<SysfsName, int?> _listed = [];

    /// <summary>All claims, by GPU.</summary>
    private ClaimIndex _claims;

    /// <summary>The claims whose device does not exist yet, by GPU.</summary>
    private ClaimIndex _pending;

    /// <summary>The same claims, by parent.</summary>
    private ClaimIndex _pendingOnParent;

    /// <summary>The number of devices on each physical GPU.</summary>
    private ImmutableDictionary<SysfsName, int> _loads;

    private Capacity(Host host, ImmutableArray<Claim> claims, ImmutableArray<Claim> pending)
    {
        _host = host;
        _devices = new DeviceIndex(host);
        _running = RunningTypes.Of(host, claims);
        foreach (var claim in claims)
            _claimOf.TryAdd(claim.Device, claim);
        _claims = ClaimIndex.Of(claims, claim => claim.Gpu);
        _pending = ClaimIndex.Of(pending, claim => claim.Gpu);
        _pendingOnParent = ClaimIndex.Of(pending, claim => claim.Parent);
        _loads = _devices.Gpus.Concat(pending.Select(claim => claim.Gpu)).CountBy(gpu => gpu).ToImmutableDictionary();
    }

    public static Capacity Of(Host host, IEnumerable<Record> records)
    {
        var claims = ImmutableArray.CreateBuilder<Claim>();
        var pending = ImmutableArray.CreateBuilder<Claim>();
        foreach (var record in records)
        {
            claims.AddRange(record.Claims);
            pending.AddRange(record.Claims.Where(claim => IsPending(host, record, claim)));
        }

        return new Capacity(host, claims.ToImmutable(), pending.ToImmutable());
    }

    /// <summary>
    /// The capacity after a claim whose device is still to be made. A device of that name that
    /// exists is another one, whose uuid an incoming domain gives up.
    /// </summary>
    public Capacity Plus(Claim claim)
    {
        var next = (Capacity)MemberwiseClone();
        next._claims = _claims.Plus(claim);
        next._pending = _pending.Plus(claim);
        next._pendingOnParent = _pendingOnParent.Plus(claim);
        next._loads = _loads.SetItem(claim.Gpu, Load(claim.Gpu) + 1);
        return next;
    }

    /// <summary>How many devices a physical GPU carries, for placement.</summary>
    public int Load(SysfsName gpu) => _loads.GetValueOrDefault(gpu);

    /// <summary>Whether one more device of the type can be made on the parent.</summary>
    public bool HasRoomFor(Parent parent, MdevType? type) =>
        type is null || (OtherSize(parent, type) is null && Left(parent, type) is null or > 0);

    /// <returns>
    /// How many devices of the type can still be made on the parent; null where neither kernel nor
    /// driver tells.
    /// </returns>
    public int? Left(Parent parent, MdevType type)
    {
        var pending = _pendingOnParent[parent.Name];
        // The 2016 interface tells how many a parent takes in all, and not how many are left. A
        // removal that the kernel blocks still uses its instance there, although sysfs does not
        // show the device any more.
        if (!parent.Dialect.TellsType)
            return type.MaxInstances - _devices.On(parent.Name).Count() - pending.Length;
        var anyTypeCounts = SharesInstances(parent);
        var spokenFor = pending.Count(c => IsSpokenFor(c) && (anyTypeCounts || c.Type?.Id == type.Id));
        var left = (type.AvailableInstances ?? 0) - spokenFor;
        if (left > 0 && parent.Dialect == Dialect.Vf && !HasFramebufferFor(parent, type))
            return 0;
        return left;
    }

    /// <returns>
    /// What is known of the framebuffer of a VF's GPU; null for other parents, and where the GPU's
    /// is not known.
    /// </returns>
    public Framebuffer? FramebufferOf(Parent vf)
    {
        if (Gigabytes(vf) is not { } all)
            return null;
        var beside = Beside(vf).ToArray();
        return new Framebuffer(all, UsedGigabytes(vf, beside), beside.Length > 0);
    }

    /// <summary>
    /// Whether a device of any type uses one of the parent's instances, and not only one of the
    /// same type.
    /// </summary>
    public static bool SharesInstances(Parent parent) =>
        parent.RunsOneSize || parent.Dialect == Dialect.Vf || !parent.Dialect.TellsType;

    /// <returns>
    /// A claimed type of another framebuffer size on the parent's GPU, if that GPU runs one size at
    /// a time; null for none.
    /// </returns>
    public ClaimedType? OtherSize(Parent parent, MdevType type)
    {
        if (!parent.RunsOneSize || type.Framebuffer is not { } framebuffer)
            return null;
        return _claims[parent.Gpu].FirstOrDefault(c => c.Type?.Framebuffer is { } size && size != framebuffer)?.Type;
    }

    /// <summary>
    /// Whether a device of the type binds no GPU to one framebuffer size: the GPU runs several
    /// sizes, or ran this one before the domain at hand.
    /// </summary>
    public bool BindsNoGpu(Parent parent, MdevType? type) =>
        !parent.RunsOneSize || type?.Framebuffer is not { } size || Runs(parent.Gpu, type.Id) || _running.HasSize(parent.Gpu, size);

    /// <summary>Whether a GPU ran the type before the domain at hand.</summary>
    public bool Runs(SysfsName gpu, SysfsName type) => _running.HasType(gpu, type);

    /// <summary>Whether a device on this GPU is being removed.</summary>
    public bool IsBeingFreed(SysfsName gpu) => _claims[gpu].Any(c => c.Stage == Stage.Leaving);

    /// <returns>
    /// The type of each device and each pending claim on the parent, of a VF on its whole GPU, as
    /// far as the types are known.
    /// </returns>
    public IEnumerable<SysfsName> TypesOn(Parent parent)
    {
        var onGpu = parent.Dialect == Dialect.Vf;
        var devices = onGpu ? _devices.VfsOf(parent.Gpu) : _devices.On(parent.Name);
        var pending = onGpu ? _pending[parent.Gpu] : _pendingOnParent[parent.Name];
        return devices.Select(d => d.Value.Type ?? _claimOf.GetValueOrDefault(d.Key)?.Type?.Id)
            .Concat(pending.Select(c => c.Type?.Id))
            .OfType<SysfsName>();
    }

    /// <returns>
    /// The name of a type on a parent, also if only the cache of seen types or a claim tells it;
    /// the id where nothing tells it.
    /// </returns>
    public string TitleOf(Parent parent, SysfsName id)
    {
        var known = parent.Types.Concat(parent.Seen).FirstOrDefault(t => t.Id == id && t.Name is not null);
        var claimed = _claims[parent.Gpu].FirstOrDefault(c => c.Type?.Id == id);
        return known?.Name ?? claimed?.Type?.Name ?? id.ToString();
    }

    /// <returns>
    /// The framebuffer of a VF's GPU: what its list shows while nothing runs there, otherwise what
    /// a claim notes; null where it is not known.
    /// </returns>
    public int? Gigabytes(Parent vf)
    {
        if (vf.Dialect != Dialect.Vf)
            return null;
        if (IsIdle(vf.Gpu) && !IsBeingFreed(vf.Gpu))
            return Listed(vf);
        return _claims[vf.Gpu].Max(c => c.Type?.GpuGigabytes);
    }

    /// <summary>
    /// Whether the driver may refuse a VF's type because claims on its GPU are of another size.
    /// Which sizes a GPU runs side by side shows only once one runs: so this is no reason against
    /// the VF, but a reason to prefer another.
    /// </summary>
    public bool MayNotMix(Parent parent, MdevType? type)
    {
        if (parent.Dialect != Dialect.Vf || VgpuSize.Of(type?.Name) is not { } size || !IsIdle(parent.Gpu))
            return false;
        return Beside(parent).Any(c => VgpuSize.Of(c.Type?.Name) is { } other && other != size);
    }

    /// <summary>
    /// Whether the GPU of a VF has framebuffer left for the type. A VF lists a type until no more
    /// of it fits beside the types that are set. So without claims on its siblings the list is the
    /// truth. With claims the list tells that one more fits, and not how many: then the sizes in
    /// the names of the types that are set and claimed are added up. More than the GPU has is
    /// refused. Where a size, or the GPU's framebuffer, is not known, nothing is refused: the
    /// driver still decides before the guest starts.
    /// </summary>
    private bool HasFramebufferFor(Parent vf, MdevType type)
    {
        if (VgpuSize.Of(type.Name) is not { } size || !Beside(vf).Any() || FramebufferOf(vf) is not { } framebuffer)
            return true;
        return framebuffer.MaximumOf(size) > 0;
    }

    /// <summary>
    /// What the types that are set on a VF's GPU use, and those that are claimed.
    /// </summary>
    private int UsedGigabytes(Parent vf, Claim[] beside)
    {
        var claimed = beside.Select(c => c.Parent).ToHashSet();
        var set = _devices.VfsOf(vf.Gpu).Where(d => !claimed.Contains(d.Value.Parent)).Select(d => d.Value.Type).OfType<SysfsName>();
        var names = set.Select(id => TitleOf(vf, id)).Concat(beside.Select(c => c.Type?.Name));
        return names.Sum(name => VgpuSize.Of(name) ?? 0);
    }

    /// <summary>The claims on the other VFs of a GPU whose type is not set yet.</summary>
    private IEnumerable<Claim> Beside(Parent vf) => _pending[vf.Gpu].Where(c => c.Parent != vf.Name && IsSpokenFor(c));

    /// <returns>The gigabytes of its GPU that the VF's list of types tells.</returns>
    private int? Listed(Parent vf)
    {
        if (!_listed.TryGetValue(vf.Name, out var gigabytes))
            _listed[vf.Name] = gigabytes = VgpuSize.OfGpu(vf.Types);
        return gigabytes;
    }

    private bool IsIdle(SysfsName gpu) => !_host.Unlisted.Contains(gpu) && !_devices.HasAnyOnGpu(gpu);

    private static bool IsSpokenFor(Claim claim) => claim.Stage is Stage.Reserved or Stage.Intended;

    /// <summary>
    /// Whether the claim's device is still to be made. A device with the name of a reservation is
    /// another one: the reserved device does not exist. The device of a start's claim may have been
    /// made since its record was read.
    /// </summary>
    private static bool IsPending(Host host, Record record, Claim claim)
    {
        var isReservation = record.Expires is not null && !claim.IsForeign;
        return isReservation || !host.Devices.ContainsKey(claim.Device);
    }
}
