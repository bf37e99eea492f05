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
internal sealed class ParentSelection
{
    /// <summary>Enough for any sensible domain; keeps a hopeless one from holding the host's lock.</summary>
    private const int MaximumSteps = 2_000;

    private readonly PlanInput _input;
    private readonly ImmutableArray<DeviceCandidates> _wishes;
    private readonly bool _hasPins;
    private int _steps;

    private ParentSelection(PlanInput input, ImmutableArray<DeviceCandidates> wishes)
    {
        _input = input;
        _hasPins = wishes.Any(w => w.Hostdev.Parents.Length > 0);
        _wishes = [.. wishes.OrderBy(w => w.Foreign is null ? 1 : 0).ThenBy(w => w.Candidates.Count(c => c.Fits))];
    }

    /// <returns>The claims in the order of the declaration; null when the devices do not fit together.</returns>
    public static ImmutableArray<Claim>? Of(PlanInput input, Capacity capacity, ImmutableArray<DeviceCandidates> wishes)
    {
        var selection = new ParentSelection(input, wishes);
        var chosen = input.Declaration.Gpu == GpuRule.Same
            ? selection.Gpus(capacity).Select(gpu => new ParentSelection(input, selection.On(gpu)).Next([], capacity)).FirstOrDefault(c => c is not null)
            : selection.Next([], capacity);
        return chosen is null ? null : [.. wishes.Select(w => chosen.Single(c => c.Device == w.Hostdev.Device))];
    }

    /// <summary>The GPUs on which all could be, the best for the first device first.</summary>
    private IEnumerable<SysfsName> Gpus(Capacity capacity) => _wishes[0].Foreign is { } foreign
        ? [foreign.Gpu]
        : InOrder(_wishes[0], capacity).Select(c => c.Parent.Gpu).Distinct();

    private ImmutableArray<DeviceCandidates> On(SysfsName gpu) =>
        [.. _wishes.Select(w => w with { Candidates = w.Candidates.RemoveAll(c => c.Parent.Gpu != gpu) })];

    private ImmutableList<Claim>? Next(ImmutableList<Claim> chosen, Capacity capacity)
    {
        if (chosen.Count == _wishes.Length)
            return chosen;
        if (++_steps > MaximumSteps)
            return null;
        var device = _wishes[chosen.Count];
        var claims = device.Foreign is { } foreign ? [foreign] : InOrder(device, capacity).Select(c => Claim(device.Hostdev, c, capacity));
        return claims.Where(claim => Allows(chosen, claim.Gpu))
            .Select(claim => Next(chosen.Add(claim), claim.IsForeign ? capacity : capacity.Plus(claim)))
            .FirstOrDefault(result => result is not null);
    }

    /// <summary>
    /// A domain that does not say otherwise spoils no empty GPU for other sizes while one that runs its size has room. To spread over GPUs all the
    /// same is what it declares breadth-first for; depth-first fills such a GPU anyway. A VF is taken for a device with a uuid only where there is no
    /// mediated device.
    /// </summary>
    private Candidate[] InOrder(DeviceCandidates device, Capacity capacity)
    {
        var sign = _input.Placement == Placement.BreadthFirst ? 1 : -1;
        return [.. device.Candidates.Where(c => c.Fits && capacity.WhyFull(c.Parent, c.Type) is null)
            .OrderBy(c => device.Hostdev.Device.Uuid is not null && c.Parent.Dialect == Dialect.Vf ? 1 : 0)
            .ThenBy(c => _input.Numa == NumaRule.Prefer && !_input.IsNear(c.Parent) ? 1 : 0)
            .ThenBy(c => capacity.MayNotMix(c.Parent, c.Type) ? 1 : 0)
            .ThenBy(c => _input.Declaration.Placement is not null || capacity.SpoilsNothing(c.Parent, c.Type) ? 0 : 1)
            .ThenBy(c => sign * capacity.Load(c.Parent.Gpu)).ThenBy(c => c.Parent.Name)
            .DistinctBy(c => Kind(c, capacity))];
    }

    /// <summary>VFs of one GPU with the same type and as much left are as good as each other, unless one of them is pinned.</summary>
    private (SysfsName Place, SysfsName? Type, int Left) Kind(Candidate candidate, Capacity capacity) =>
        _hasPins || candidate.Type is not { } type || candidate.Parent.Name == candidate.Parent.Gpu
            ? (candidate.Parent.Name, null, 0)
            : (candidate.Parent.Gpu, type.Id, capacity.Left(candidate.Parent, type));

    private bool Allows(ImmutableList<Claim> chosen, SysfsName gpu) => _input.Declaration.Gpu switch
    {
        GpuRule.Same => chosen.TrueForAll(c => c.Gpu == gpu),
        GpuRule.Different => chosen.TrueForAll(c => c.Gpu != gpu),
        _ => true,
    };

    private Claim Claim(DeclaredHostdev hostdev, Candidate candidate, Capacity capacity) => new(
        hostdev.Device,
        candidate.Parent.Name,
        candidate.Parent.Gpu,
        candidate.Parent.Dialect,
        candidate.Type is { } type ? new ClaimedType(type.Id, type.Name, type.Framebuffer, capacity.Gigabytes(candidate.Parent)) : null,
        hostdev.Attrs,
        candidate.Parent.Dialect.Arguments(candidate.Type?.Id, _input.Domain.Uuid, hostdev.Args),
        hostdev.AttachedBy,
        Stage.Reserved);
}
