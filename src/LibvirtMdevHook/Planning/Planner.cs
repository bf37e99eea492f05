using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Planning;

/// <summary>Makes the plan for a domain. Pure: what it needs of the host was read before.</summary>
internal sealed class Planner
{
    private readonly Order _order;
    private readonly Occupancy _occupancy;

    private Planner(Order order) => (_order, _occupancy) = (order, Occupancy.Of(order.Host, order.Others.Concat(order.Removing)));

    public static Plan Make(Order order) => new Planner(order).Make();

    private Plan Make()
    {
        var wishes = _order.Declaration.Hostdevs.Select(Consider).ToImmutableArray();
        var candidates = wishes.SelectMany(w => w.Candidates).ToImmutableArray();
        var refusals = wishes.Select(w => w.Refusal).OfType<Refusal>().ToImmutableArray();
        if (refusals.Length > 0)
            return new Plan(null, refusals, candidates);
        if ((Choice.Of(_order, _occupancy, [.. wishes.Select(InPlace)]) ?? Choice.Of(_order, _occupancy, wishes)) is not { } claims)
            return new Plan(null, [Refusals.NotTogether(_order, wishes)], candidates);
        var record = new Record(_order.Domain.Uuid, _order.Domain.Name, _order.Boot, _order.Generation, Phase.Preparing, claims);
        return new Plan(record, [], candidates);
    }

    /// <returns>The declared devices whose uuid is taken on this host: of another domain, held, or of a type or parent that does not fit.</returns>
    public static ImmutableArray<DeviceId> Taken(Order order)
    {
        var planner = new Planner(order);
        return [.. order.Declaration.Hostdevs.Where(h => planner.ConsiderExisting(h) is { Refusal: not null }).Select(h => h.Device)];
    }

    private Wish Consider(DeclaredHostdev hostdev)
    {
        return ConsiderExisting(hostdev) is { } existing && !(_order.IsArrival && existing.Refusal is not null) ? existing : ConsiderNew(hostdev);
    }

    /// <returns>Null when nothing of the device's name is on record or on the host.</returns>
    private Wish? ConsiderExisting(DeclaredHostdev hostdev)
    {
        if (_order.Others.FirstOrDefault(r => r.Claims.Any(c => c.Device == hostdev.Device)) is { } other)
            return Wish.Refused(hostdev, Refusals.OfAnotherDomain(_order, hostdev, other));
        if (_order.Removing.FirstOrDefault(r => r.Claims.Any(c => c.Device == hostdev.Device)) is { } removing)
            return Wish.Refused(hostdev, Refusals.StillBeingRemoved(_order, hostdev, removing));
        if (_order.Host.NoVfs.TryGetValue(hostdev.Device, out var why))
            return Wish.Refused(hostdev, Refusals.NoVf(_order, hostdev, why));
        return _order.Host.Find(hostdev.Device) is { } existing ? ForeignDevice.Consider(_order, hostdev, existing) : null;
    }

    private Wish ConsiderNew(DeclaredHostdev hostdev)
    {
        var candidates = _order.Host.Parents.Where(p => IsPlaceFor(hostdev, p)).Select(p => Consider(hostdev, p)).ToImmutableArray();
        return candidates.Any(c => c.Fits)
            ? new Wish(hostdev, candidates, null, null)
            : new Wish(hostdev, candidates, null, Refusals.NoParent(_order, hostdev, candidates));
    }

    /// <summary>An arriving domain keeps its VF's address where it can.</summary>
    private static Wish InPlace(Wish wish) =>
        wish.Candidates.FirstOrDefault(c => c.Fits && c.Parent.Name == wish.Hostdev.Device.Name) is { } own ? wish with { Candidates = [own] } : wish;

    private Candidate Consider(DeclaredHostdev hostdev, Parent parent)
    {
        if (ClaimOf(parent) is { } other)
            return new Candidate(hostdev.Device, parent, null, other.Expires is null ? $"it is a VF of the domain '{other.Name}'"
                : $"it is reserved for the domain '{other.Name}', which may be coming here");
        var suitability = Suitability.Of(_order, hostdev, parent);
        var full = suitability.Fits ? _occupancy.WhyFull(parent, suitability.Type)
            : suitability.WhyNot == Suitability.NoSuchType ? _occupancy.WhyHidden(parent, hostdev.Type!)
            : null;
        if (full is null)
            return suitability.Fits ? suitability with { Merits = Merits(parent, suitability.Type) } : suitability;
        var hope = _occupancy.IsBeingFreed(parent.Gpu) ? Hope.Removal : suitability.Fits ? Hope.None : Hope.Types;
        return suitability with { WhyNot = full, Hope = hope };
    }

    private string Merits(Parent parent, MdevType? type)
    {
        var load = _occupancy.Load(parent.Gpu);
        var isOfSize = load > 0 && parent.RunsOneSize && _occupancy.SpoilsNothing(parent, type);
        var near = _order.Numa != NumaRule.Prefer || _order.Nodes.IsEmpty ? "" : _order.IsNear(parent) ? ", near the domain" : ", far from the domain";
        return load == 0 ? $"its GPU is empty{near}"
            : $"its GPU has {load} {(load == 1 ? "device" : "devices")}{(isOfSize ? " of this size" : "")}{near}";
    }

    /// <returns>Whose a VF is, or will be; null for what takes devices of several domains.</returns>
    private Record? ClaimOf(Parent parent) => parent.Dialect != Dialect.Vf ? null
        : _order.Others.Concat(_order.Removing).FirstOrDefault(r => r.Claims.Any(c => c.Parent == parent.Name));

    /// <summary>
    /// A declared VF is its own place, for an arriving domain any VF; other devices are made on parents, and a PF whose VFs are not enabled may tell
    /// why there is none. What nobody has named yet may become either.
    /// </summary>
    private bool IsPlaceFor(DeclaredHostdev hostdev, Parent parent) => hostdev.Device.Address is not null
        ? parent.Dialect == Dialect.Vf && (_order.IsArrival || parent.Name == hostdev.Device.Name)
        : (parent.Dialect != Dialect.Vf || parent.IsAsleep || _order.TakesVfs)
            && (hostdev.Parents.Length == 0 || hostdev.Parents.Any(parent.Dialect == Dialect.Vf ? parent.IsOn : parent.IsNamedBy));
}
