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
        if (Choice.Of(_order, _occupancy, wishes) is not { } claims)
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
        if (hostdev.Device.Address is not null)
            return Wish.Refused(hostdev, Refusals.VfUnsupported(_order, hostdev));
        return ConsiderExisting(hostdev) is { } existing && !(_order.IsArrival && existing.Refusal is not null) ? existing : ConsiderNew(hostdev);
    }

    /// <returns>Null when nothing of the device's name is on record or on the host.</returns>
    private Wish? ConsiderExisting(DeclaredHostdev hostdev)
    {
        if (_order.Others.FirstOrDefault(r => r.Claims.Any(c => c.Device == hostdev.Device)) is { } other)
            return Wish.Refused(hostdev, Refusals.OfAnotherDomain(_order, hostdev, other));
        if (_order.Removing.FirstOrDefault(r => r.Claims.Any(c => c.Device == hostdev.Device)) is { } removing)
            return Wish.Refused(hostdev, Refusals.StillBeingRemoved(_order, hostdev, removing));
        return _order.Host.Find(hostdev.Device) is { } existing ? ForeignDevice.Consider(_order, hostdev, existing) : null;
    }

    private Wish ConsiderNew(DeclaredHostdev hostdev)
    {
        var candidates = _order.Host.Parents.Where(p => IsPinnedOrFree(hostdev, p)).Select(p => Consider(hostdev, p)).ToImmutableArray();
        return candidates.Any(c => c.Fits)
            ? new Wish(hostdev, candidates, null, null)
            : new Wish(hostdev, candidates, null, Refusals.NoParent(_order, hostdev, candidates));
    }

    private Candidate Consider(DeclaredHostdev hostdev, Parent parent)
    {
        var suitability = Suitability.Of(_order, hostdev, parent);
        if (suitability.WhyNot is not null)
            return suitability;
        var full = _occupancy.WhyFull(parent, suitability.Type);
        return suitability with { WhyNot = full, Hope = full is not null && _occupancy.IsBeingFreed(parent.Gpu) ? Hope.Removal : Hope.None };
    }

    private static bool IsPinnedOrFree(DeclaredHostdev hostdev, Parent parent) =>
        hostdev.Parents.Length == 0 || hostdev.Parents.Any(parent.IsNamedBy);
}
