using System.Collections.Immutable;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Planning;

/// <summary>
/// What is spoken for on the host: the devices that exist, and the claims whose device is not there yet. The kernel's
/// <c>available_instances</c> knows only of the former.
/// </summary>
internal sealed class Capacity
{
    private const string OneSize = "; use a VF of another GPU, or let this one run sizes side by side: "
        + "'nvidia-smi vgpu -shm 1', while none of its VFs has a type";

    private readonly Host _host;
    private readonly ImmutableArray<Claim> _claims;

    /// <summary>Those whose device does not exist.</summary>
    private readonly ImmutableArray<Claim> _pending;
    private readonly ImmutableDictionary<SysfsName, int> _loads;

    /// <summary>The type ids and framebuffer sizes on each GPU, before the domain at hand.</summary>
    private readonly ImmutableHashSet<(SysfsName? Gpu, string? IdOrSize)> _running;

    private Capacity(
        Host host,
        ImmutableArray<Claim> claims,
        ImmutableArray<Claim> pending,
        ImmutableDictionary<SysfsName, int> loads,
        ImmutableHashSet<(SysfsName? Gpu, string? IdOrSize)> running) =>
        (_host, _claims, _pending, _loads, _running) = (host, claims, pending, loads, running);

    public static Capacity Of(Host host, IEnumerable<Record> records)
    {
        var all = records.ToArray();
        var claims = all.SelectMany(r => r.Claims).ToImmutableArray();
        var pending = all.SelectMany(r => r.Claims.Where(c => IsPending(host, r, c))).ToImmutableArray();
        var gpus = host.Parents.ToDictionary(p => p.Name, p => p.Gpu);
        var places = host.Devices.Values
            .Select(place => (Gpu: place.Gpu ?? gpus.GetValueOrDefault(place.Parent), IdOrSize: place.Type?.ToString())).ToArray();
        var loads = places.Select(place => place.Gpu).OfType<SysfsName>()
            .Concat(pending.Select(c => c.Gpu))
            .GroupBy(gpu => gpu).ToImmutableDictionary(g => g.Key, g => g.Count());
        var running = places.Concat(claims.Select(c => (Gpu: (SysfsName?)c.Gpu, IdOrSize: c.Type?.Id.ToString())))
            .Concat(claims.Select(c => (Gpu: (SysfsName?)c.Gpu, IdOrSize: c.Type?.Framebuffer)));
        return new Capacity(host, claims, pending, loads, [.. running]);
    }

    /// <summary>With a device that is still to be made: one of its name that exists is another, whose uuid an arriving domain gives up.</summary>
    public Capacity Plus(Claim claim) => new(_host, _claims.Add(claim), _pending.Add(claim), _loads.SetItem(claim.Gpu, Load(claim.Gpu) + 1), _running);

    /// <summary>How many devices a physical GPU carries, for placement.</summary>
    public int Load(SysfsName gpu) => _loads.GetValueOrDefault(gpu);

    /// <returns>Why no device of the type can be made on the parent, as half a sentence; null when one can.</returns>
    public string? WhyFull(Parent parent, MdevType? type)
    {
        if (type is null)
            return null;
        if (parent.RunsOneSize && type.Framebuffer is not null && OtherSize(parent.Gpu, type.Framebuffer) is { } other)
            return $"another size is in use ('{other.Title}', {other.Framebuffer})";
        if (Left(parent, type) > 0)
            return null;
        var running = Running(parent);
        return running.Length > 0 ? $"no instance is left beside {running}" : "no instance is left";
    }

    /// <returns>Why a parent that may hide types does not show a declared one, as half a sentence; null when it has no such type.</returns>
    public string? WhyHidden(Parent parent, string declared)
    {
        if (!parent.Dialect.HidesTypes)
            return null;
        var (running, isVf) = (Running(parent), parent.Dialect == Dialect.Vf);
        var beside = running.Length > 0 ? $" beside {running}" : "";
        if (TypeMatch.Of(declared, parent.Dialect, parent.Seen).Types is [var seen, ..])
        {
            return _running.Contains((parent.Gpu, seen.Id.ToString()))
                ? $"no instance of its type '{seen.Title}' ({seen.Id}) is left{beside}"
                : $"it does not offer its type '{seen.Title}' ({seen.Id}) now{beside}{(isVf && running.Length > 0 ? OneSize : "")}";
        }

        if (parent.Types.Any(type => type.AvailableInstances != 0))
            return running.Length > 0 && isVf ? $"it offers no such type now{beside}, nor is one known from earlier ('virt-mdev types'){OneSize}" : null;
        return running.Length > 0
            ? $"it offers no type now{beside}"
            : "it offers no type; are NVIDIA's daemons up, and in MIG mode, are there GPU instances?";
    }

    /// <summary>
    /// Whether one more device of the type takes nothing from those of another size: the GPU is not bound to one size, or ran this one before the
    /// domain at hand.
    /// </summary>
    public bool SpoilsNothing(Parent parent, MdevType? type) => !parent.RunsOneSize || type?.Framebuffer is not { } size
        || _running.Contains((parent.Gpu, type.Id.ToString())) || _running.Contains((parent.Gpu, size));

    /// <summary>Whether a device on this GPU is on its way out.</summary>
    public bool IsBeingFreed(SysfsName gpu) => _claims.Any(c => c.Gpu == gpu && c.Stage == Stage.Leaving);

    private static bool IsSpokenFor(Claim claim) => claim.Stage is Stage.Reserved or Stage.Intended;

    /// <summary>
    /// What is reserved for a domain that may be coming here does not exist: a device of that name is another. A claim of a start may have got its
    /// device since its record was read.
    /// </summary>
    private static bool IsPending(Host host, Record record, Claim claim) =>
        (record.Expires is not null && !claim.IsForeign) || !host.Devices.ContainsKey(claim.Device);

    /// <returns>What is on the parent: <c>2 x 'GRID M60-2Q'</c>; empty when nothing is, or its types are not to be told.</returns>
    public string Running(Parent parent)
    {
        var onGpu = parent.Dialect == Dialect.Vf;
        var ids = _host.Devices.Where(d => onGpu ? d.Value.Gpu == parent.Gpu : d.Value.Parent == parent.Name)
            .Select(d => d.Value.Type ?? _claims.FirstOrDefault(c => c.Device == d.Key)?.Type?.Id)
            .Concat(_pending.Where(c => onGpu ? c.Gpu == parent.Gpu : c.Parent == parent.Name).Select(c => c.Type?.Id))
            .OfType<SysfsName>();
        return string.Join(", ", ids.GroupBy(id => id).OrderBy(g => g.Key).Select(g => $"{g.Count()} x '{TitleOf(parent, g.Key)}'"));
    }

    /// <returns>The name of a type on a parent, be it only known from earlier or from a claim; its id where nobody knows a name.</returns>
    public string TitleOf(Parent parent, SysfsName id) =>
        parent.Types.Concat(parent.Seen).FirstOrDefault(t => t.Id == id && t.Name is not null)?.Name
            ?? _claims.FirstOrDefault(c => c.Gpu == parent.Gpu && c.Type?.Id == id)?.Type?.Name
            ?? id.ToString();

    private ClaimedType? OtherSize(SysfsName gpu, string framebuffer) =>
        _claims.FirstOrDefault(c => c.Gpu == gpu && c.Type?.Framebuffer is { } size && size != framebuffer)?.Type;

    /// <returns>How many devices of the type can still be made on the parent; <see cref="int.MaxValue"/> where nothing tells.</returns>
    public int Left(Parent parent, MdevType type)
    {
        var pending = _pending.Where(c => c.Parent == parent.Name);
        // The 2016 interface does not count for us; there a blocked removal still uses its instance although it is not to be seen.
        if (!parent.Dialect.TellsType)
            return type.MaxInstances is { } max ? max - _host.DevicesOn(parent.Name) - pending.Count() : int.MaxValue;
        var spokenFor = pending.Count(c => IsSpokenFor(c) && (parent.RunsOneSize || parent.Dialect == Dialect.Vf || c.Type?.Id == type.Id));
        var left = (type.AvailableInstances ?? 0) - spokenFor;
        return left > 0 && parent.Dialect == Dialect.Vf && !HasRoom(parent, type) ? 0 : left;
    }

    /// <returns>The framebuffer of a VF's GPU, as a list shows it while nothing runs there, or as it was when a claim was made; null where nobody knows.</returns>
    public int? Gigabytes(Parent vf) => vf.Dialect != Dialect.Vf ? null
        : IsIdle(vf.Gpu) && !IsBeingFreed(vf.Gpu) ? VgpuSize.OfGpu(vf.Types)
        : _claims.Where(c => c.Gpu == vf.Gpu).Max(c => c.Type?.GpuGigabytes);

    /// <summary>
    /// Whether a VF's type may be refused since others of another size are spoken for on its GPU. Which sizes a GPU runs side by side only shows
    /// once one runs, so this is no reason against a VF, but one for another.
    /// </summary>
    public bool MayNotMix(Parent parent, MdevType? type) => parent.Dialect == Dialect.Vf && VgpuSize.Of(type?.Name) is { } size && IsIdle(parent.Gpu)
        && Beside(parent).Any(c => VgpuSize.Of(c.Type?.Name) is { } other && other != size);

    /// <summary>
    /// A VF lists a type until no more of it fits beside what is set. So without claims on its siblings the list is the truth. With some it tells that
    /// one more fits, and not how many: the types that are set and claimed are added up by their names. More than the GPU has is refused; where a
    /// size or the GPU's is not known, nothing is, as the driver still has its say before the guest starts.
    /// </summary>
    private bool HasRoom(Parent vf, MdevType type)
    {
        var beside = Beside(vf).ToArray();
        if (beside.Length == 0 || Gigabytes(vf) is not { } all || VgpuSize.Of(type.Name) is not { } size)
            return true;
        var taken = _host.Devices.Values.Where(d => d.Gpu == vf.Gpu && d.Type is not null && !Array.Exists(beside, c => c.Parent == d.Parent))
            .Select(d => TitleOf(vf, d.Type!)).Concat(beside.Select(c => c.Type?.Name));
        return taken.Sum(name => VgpuSize.Of(name) ?? 0) + size <= all;
    }

    /// <summary>What is spoken for on the other VFs of a GPU and not set yet.</summary>
    private IEnumerable<Claim> Beside(Parent vf) => _pending.Where(c => c.Gpu == vf.Gpu && c.Parent != vf.Name && IsSpokenFor(c));

    private bool IsIdle(SysfsName gpu) => !_host.Unlisted.Contains(gpu)
        && _host.Devices.Values.All(d => (d.Gpu ?? _host.Parents.FirstOrDefault(p => p.Name == d.Parent)?.Gpu) != gpu);
}
