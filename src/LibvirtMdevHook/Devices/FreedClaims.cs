using System.Collections.Immutable;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Devices;

/// <summary>
/// Claims whose devices exist and will be taken down before the plan is carried out: the host has
/// what they leave.
/// </summary>
/// <param name="isPreview">
/// For a person who asks: where a GPU will run nothing, what was seen of it before is good enough.
/// At a start it decides nothing.
/// </param>
internal sealed class FreedClaims(ImmutableArray<Claim> claims, bool isPreview)
{
    /// <returns>The host as it will be.</returns>
    public Host Without(Host host)
    {
        var devices = host.Devices.RemoveRange(claims.Select(c => c.Device));
        var idle = isPreview ? claims.Select(c => c.Gpu).Where(gpu => devices.Values.All(d => d.Gpu != gpu)).ToHashSet() : [];
        var parents = ImmutableArray.CreateBuilder<Parent>();
        foreach (var parent in host.Parents)
            parents.Add(parent with { Types = [.. TypesOf(parent, host, idle).Select(type => WithFreedInstances(parent, type))] });
        return host with
        {
            Devices = devices,
            Parents = parents.DrainToImmutable(),
            Existing = host.Existing.RemoveAll(e => claims.Any(c => c.Device == e.Device.Id)),
        };
    }

    /// <summary>
    /// What a VF will list when the domain's own types are gone. It does not list the type that it
    /// has, whose name the claim knows. It will list what a free VF beside it lists now. Where the
    /// GPU will run nothing, it will list all that was seen of it before.
    /// </summary>
    /// <param name="host">As it is now.</param>
    /// <param name="idle">The GPUs that will run nothing.</param>
    private IEnumerable<MdevType> TypesOf(Parent parent, Host host, HashSet<SysfsName> idle)
    {
        if (parent.Dialect != Dialect.Vf)
            return parent.Types;
        var types = parent.Types;
        if (claims.FirstOrDefault(c => c.Parent == parent.Name)?.Type is { } type)
        {
            types = types.RemoveAll(t => t.Id == type.Id).Add(new MdevType(type.Id, type.Name, AvailableInstances: 0));
            types = types.AddRange(host.Parents.Where(p => p.Gpu == parent.Gpu && !HasType(host, p)).SelectMany(p => p.Types));
        }

        if (idle.Contains(parent.Gpu))
            types = types.AddRange(parent.Seen.Select(seen => seen with { AvailableInstances = 1 }));
        return types.DistinctBy(t => t.Id);
    }

    private static bool HasType(Host host, Parent vf) => host.Devices.Values.Any(d => d.Parent == vf.Name);

    private MdevType WithFreedInstances(Parent parent, MdevType type)
    {
        var freed = claims.Count(c => c.Parent == parent.Name && c.Type?.Id == type.Id);
        return type with { AvailableInstances = type.AvailableInstances + freed };
    }
}
