using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Planning;

/// <summary>
/// Picks a parent for each device of a domain so that all fit together: the devices with the fewest ways first, each parent in the order
/// of the placement, and back where it does not come out.
/// </summary>
internal sealed class Choice
{
    /// <summary>Enough for any sensible domain; keeps a hopeless one from holding the host's lock.</summary>
    private const int MaximumSteps = 2_000;

    private readonly Order _order;
    private readonly ImmutableArray<Wish> _wishes;
    private readonly bool _hasPins;
    private int _steps;

    private Choice(Order order, ImmutableArray<Wish> wishes)
    {
        _order = order;
        _hasPins = wishes.Any(w => w.Hostdev.Parents.Length > 0);
        _wishes = [.. wishes.OrderBy(w => w.Foreign is null ? 1 : 0).ThenBy(w => w.Candidates.Count(c => c.Fits))];
    }

    /// <returns>The claims in the order of the declaration; null when the devices do not fit together.</returns>
    public static ImmutableArray<Claim>? Of(Order order, Occupancy occupancy, ImmutableArray<Wish> wishes)
    {
        var choice = new Choice(order, wishes);
        var chosen = order.Declaration.Gpu == GpuRule.Same
            ? choice.Gpus(occupancy).Select(gpu => new Choice(order, choice.On(gpu)).Next([], occupancy)).FirstOrDefault(c => c is not null)
            : choice.Next([], occupancy);
        return chosen is null ? null : [.. wishes.Select(w => chosen.Single(c => c.Device == w.Hostdev.Device))];
    }

    /// <summary>The GPUs on which all could be, the best for the first device first.</summary>
    private IEnumerable<SysfsName> Gpus(Occupancy occupancy) => _wishes[0].Foreign is { } foreign
        ? [foreign.Gpu]
        : InOrder(_wishes[0], occupancy).Select(c => c.Parent.Gpu).Distinct();

    private ImmutableArray<Wish> On(SysfsName gpu) =>
        [.. _wishes.Select(w => w with { Candidates = w.Candidates.RemoveAll(c => c.Parent.Gpu != gpu) })];

    private ImmutableList<Claim>? Next(ImmutableList<Claim> chosen, Occupancy occupancy)
    {
        if (chosen.Count == _wishes.Length)
            return chosen;
        if (++_steps > MaximumSteps)
            return null;
        var wish = _wishes[chosen.Count];
        var claims = wish.Foreign is { } foreign ? [foreign] : InOrder(wish, occupancy).Select(c => Claim(wish.Hostdev, c, occupancy));
        return claims.Where(claim => Allows(chosen, claim.Gpu))
            .Select(claim => Next(chosen.Add(claim), claim.IsForeign ? occupancy : occupancy.Plus(claim)))
            .FirstOrDefault(result => result is not null);
    }

    /// <summary>
    /// A domain that does not say otherwise spoils no empty GPU for other sizes while one that runs its size has room. To spread over GPUs all the
    /// same is what it declares breadth-first for; depth-first fills such a GPU anyway. A VF is taken for a device with a uuid only where there is no
    /// mediated device.
    /// </summary>
    private Candidate[] InOrder(Wish wish, Occupancy occupancy)
    {
        var sign = _order.Placement == Placement.BreadthFirst ? 1 : -1;
        return [.. wish.Candidates.Where(c => c.Fits && occupancy.WhyFull(c.Parent, c.Type) is null)
            .OrderBy(c => wish.Hostdev.Device.Uuid is not null && c.Parent.Dialect == Dialect.Vf ? 1 : 0)
            .ThenBy(c => _order.Numa == NumaRule.Prefer && !_order.IsNear(c.Parent) ? 1 : 0)
            .ThenBy(c => occupancy.MayNotMix(c.Parent, c.Type) ? 1 : 0)
            .ThenBy(c => _order.Declaration.Placement is not null || occupancy.SpoilsNothing(c.Parent, c.Type) ? 0 : 1)
            .ThenBy(c => sign * occupancy.Load(c.Parent.Gpu)).ThenBy(c => c.Parent.Name)
            .DistinctBy(c => Kind(c, occupancy))];
    }

    /// <summary>VFs of one GPU with the same type and as much left are as good as each other, unless one of them is pinned.</summary>
    private (SysfsName Place, SysfsName? Type, int Left) Kind(Candidate candidate, Occupancy occupancy) =>
        _hasPins || candidate.Type is not { } type || candidate.Parent.Name == candidate.Parent.Gpu
            ? (candidate.Parent.Name, null, 0)
            : (candidate.Parent.Gpu, type.Id, occupancy.Left(candidate.Parent, type));

    private bool Allows(ImmutableList<Claim> chosen, SysfsName gpu) => _order.Declaration.Gpu switch
    {
        GpuRule.Same => chosen.TrueForAll(c => c.Gpu == gpu),
        GpuRule.Different => chosen.TrueForAll(c => c.Gpu != gpu),
        _ => true,
    };

    private Claim Claim(DeclaredHostdev hostdev, Candidate candidate, Occupancy occupancy) => new(
        hostdev.Device,
        candidate.Parent.Name,
        candidate.Parent.Gpu,
        candidate.Parent.Dialect,
        candidate.Type is { } type ? new ClaimedType(type.Id, type.Name, type.Framebuffer, occupancy.Gigabytes(candidate.Parent)) : null,
        hostdev.Attrs,
        candidate.Parent.Dialect.Arguments(candidate.Type?.Id, _order.Domain.Uuid, hostdev.Args),
        hostdev.Handover,
        Stage.Reserved);
}
