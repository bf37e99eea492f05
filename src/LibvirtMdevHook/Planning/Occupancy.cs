using System.Collections.Immutable;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Planning;

/// <summary>
/// What is spoken for on the host: the devices that exist, and the claims whose device is not there yet. The kernel's
/// <c>available_instances</c> knows only of the former.
/// </summary>
internal sealed class Occupancy
{
    private readonly Host _host;
    private readonly ImmutableArray<Claim> _claims;
    private readonly ImmutableDictionary<SysfsName, int> _loads;

    private Occupancy(Host host, ImmutableArray<Claim> claims, ImmutableDictionary<SysfsName, int> loads) =>
        (_host, _claims, _loads) = (host, claims, loads);

    public static Occupancy Of(Host host, IEnumerable<Record> records)
    {
        var claims = records.SelectMany(r => r.Claims).ToImmutableArray();
        var gpus = host.Parents.ToDictionary(p => p.Name, p => p.Gpu);
        var loads = host.Devices.Values.Select(place => gpus.GetValueOrDefault(place.Parent)).OfType<SysfsName>()
            .Concat(claims.Where(c => IsPending(host, c)).Select(c => c.Gpu))
            .GroupBy(gpu => gpu).ToImmutableDictionary(g => g.Key, g => g.Count());
        return new Occupancy(host, claims, loads);
    }

    public Occupancy Plus(Claim claim) => new(_host, _claims.Add(claim), _loads.SetItem(claim.Gpu, Load(claim.Gpu) + 1));

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

    /// <summary>Whether a device on this GPU is on its way out.</summary>
    public bool IsBeingFreed(SysfsName gpu) => _claims.Any(c => c.Gpu == gpu && c.Stage == Stage.Leaving);

    private static bool IsSpokenFor(Claim claim) => claim.Stage is Stage.Reserved or Stage.Intended;

    private bool IsPending(Claim claim) => IsPending(_host, claim);

    /// <summary>What is only reserved does not exist: a device of that name is another, whose uuid an arriving domain will give up.</summary>
    private static bool IsPending(Host host, Claim claim) =>
        (claim.Stage == Stage.Reserved && !claim.IsForeign) || !host.Devices.ContainsKey(claim.Device);

    /// <returns>What is on the parent: <c>2 x 'GRID M60-2Q'</c>; empty when nothing is, or its types are not to be told.</returns>
    private string Running(Parent parent)
    {
        var ids = _host.Devices.Where(d => d.Value.Parent == parent.Name)
            .Select(d => d.Value.Type ?? _claims.FirstOrDefault(c => c.Device == d.Key)?.Type?.Id)
            .Concat(_claims.Where(c => c.Parent == parent.Name && IsPending(c)).Select(c => c.Type?.Id))
            .OfType<SysfsName>();
        return string.Join(", ", ids.GroupBy(id => id).OrderBy(g => g.Key)
            .Select(g => $"{g.Count()} x '{parent.Types.FirstOrDefault(t => t.Id == g.Key)?.Title ?? g.Key.ToString()}'"));
    }

    private ClaimedType? OtherSize(SysfsName gpu, string framebuffer) =>
        _claims.FirstOrDefault(c => c.Gpu == gpu && c.Type?.Framebuffer is { } size && size != framebuffer)?.Type;

    /// <returns>How many devices of the type can still be made on the parent; <see cref="int.MaxValue"/> where nothing tells.</returns>
    public int Left(Parent parent, MdevType type)
    {
        var pending = _claims.Where(c => c.Parent == parent.Name && IsPending(c));
        // The 2016 interface does not count for us; there a blocked removal still uses its instance although it is not to be seen.
        if (!parent.Dialect.TellsType)
            return type.MaxInstances is { } max ? max - _host.DevicesOn(parent.Name) - pending.Count() : int.MaxValue;
        var spokenFor = pending.Count(c => IsSpokenFor(c) && (parent.RunsOneSize || c.Type?.Id == type.Id));
        return (type.AvailableInstances ?? 0) - spokenFor;
    }
}
