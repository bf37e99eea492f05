using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Planning;

/// <summary>
/// Picks a parent for each device of a domain so that all devices fit together. It begins with the devices that have the fewest candidates, tries
/// the parents of each in the order of the placement, and goes back where the rest does not fit.
/// </summary>
internal sealed class ParentSelection
{
    /// <summary>Enough for any sensible domain. The limit keeps a search that finds nothing from holding the host's lock.</summary>
    private const int MaximumSteps = 2_000;

    private readonly PlanInput _input;
    private readonly ImmutableArray<DeviceCandidates> _devices;
    private readonly bool _hasPins;
    private int _steps;

    private ParentSelection(PlanInput input, ImmutableArray<DeviceCandidates> devices)
    {
        _input = input;
        _hasPins = devices.Any(d => d.Hostdev.Parents.Length > 0);
        _devices = [.. devices.OrderBy(d => d.Foreign is null).ThenBy(d => d.Candidates.Count(c => c.Fits))];
    }

    /// <returns>The claims in the order of the declaration; null when the devices do not fit together.</returns>
    public static ImmutableArray<Claim>? Of(PlanInput input, Capacity capacity, ImmutableArray<DeviceCandidates> devices)
    {
        var selection = new ParentSelection(input, devices);
        var chosen = input.Declaration.Gpu == GpuRule.Same ? selection.OnOneGpu(capacity) : selection.Next([], capacity);
        return chosen is null ? null : [.. devices.Select(d => chosen.Single(c => c.Device == d.Hostdev.Device))];
    }

    private ImmutableList<Claim>? OnOneGpu(Capacity capacity)
    {
        foreach (var gpu in Gpus(capacity))
        {
            if (new ParentSelection(_input, On(gpu)).Next([], capacity) is { } chosen)
                return chosen;
        }

        return null;
    }

    /// <summary>The GPUs on which all devices could be, the best one for the first device first.</summary>
    private IEnumerable<SysfsName> Gpus(Capacity capacity) => _devices[0].Foreign is { } foreign
        ? [foreign.Gpu]
        : InOrder(_devices[0], capacity).Select(c => c.Parent.Gpu).Distinct();

    private ImmutableArray<DeviceCandidates> On(SysfsName gpu) =>
        [.. _devices.Select(d => d with { Candidates = d.Candidates.RemoveAll(c => c.Parent.Gpu != gpu) })];

    /// <param name="chosen">The claims of the devices before.</param>
    /// <param name="capacity">What those claims leave.</param>
    /// <returns>The claims of all devices; null when the rest does not fit, or the search takes too many steps.</returns>
    private ImmutableList<Claim>? Next(ImmutableList<Claim> chosen, Capacity capacity)
    {
        if (chosen.Count == _devices.Length)
            return chosen;
        if (++_steps > MaximumSteps)
            return null;
        foreach (var claim in ClaimsFor(_devices[chosen.Count], capacity))
        {
            if (!Allows(chosen, claim.Gpu))
                continue;
            // A foreign device exists, so it is counted already.
            var left = claim.IsForeign ? capacity : capacity.Plus(claim);
            if (Next(chosen.Add(claim), left) is { } all)
                return all;
        }

        return null;
    }

    private IEnumerable<Claim> ClaimsFor(DeviceCandidates device, Capacity capacity) => device.Foreign is { } foreign
        ? [foreign]
        : InOrder(device, capacity).Select(c => Claim(device.Hostdev, c, capacity));

    /// <summary>
    /// The order of preference; false sorts before true. A VF is taken for a device with a uuid only where there is no mediated device. A domain that
    /// does not declare a placement binds no empty GPU to its size while a GPU that runs this size has room. It declares breadth-first to spread over
    /// GPUs all the same; depth-first fills such a GPU anyway.
    /// </summary>
    private Candidate[] InOrder(DeviceCandidates device, Capacity capacity)
    {
        var isMdev = device.Hostdev.Device.Uuid is not null;
        var prefersNear = _input.Numa == NumaRule.Prefer;
        var keepsEmptyGpus = _input.Declaration.Placement is null;
        var sign = _input.Placement == Placement.BreadthFirst ? 1 : -1;
        return
        [
            .. device.Candidates.Where(c => c.Fits && capacity.HasRoomFor(c.Parent, c.Type))
                .OrderBy(c => isMdev && c.Parent.Dialect == Dialect.Vf)
                .ThenBy(c => prefersNear && !_input.IsNear(c.Parent))
                .ThenBy(c => capacity.MayNotMix(c.Parent, c.Type))
                .ThenBy(c => keepsEmptyGpus && !capacity.BindsNoGpu(c.Parent, c.Type))
                .ThenBy(c => sign * capacity.Load(c.Parent.Gpu))
                .ThenBy(c => c.Parent.Name)
                .DistinctBy(c => Kind(c, capacity)),
        ];
    }

    /// <summary>VFs of one GPU with the same type and as many devices left are equally good, unless a declaration pins one of them.</summary>
    private (SysfsName Place, SysfsName? Type, int? Left) Kind(Candidate candidate, Capacity capacity)
    {
        var parent = candidate.Parent;
        if (_hasPins || candidate.Type is not { } type || parent.Name == parent.Gpu)
            return (parent.Name, null, 0);
        return (parent.Gpu, type.Id, capacity.Left(parent, type));
    }

    private bool Allows(ImmutableList<Claim> chosen, SysfsName gpu) => _input.Declaration.Gpu switch
    {
        GpuRule.Same => chosen.TrueForAll(c => c.Gpu == gpu),
        GpuRule.Different => chosen.TrueForAll(c => c.Gpu != gpu),
        _ => true,
    };

    private Claim Claim(DeclaredHostdev hostdev, Candidate candidate, Capacity capacity)
    {
        var parent = candidate.Parent;
        var type = candidate.Type is { } found
            ? new ClaimedType(found.Id, found.Name, found.Framebuffer, capacity.Gigabytes(parent))
            : null;
        return new Claim(
            hostdev.Device,
            parent.Name,
            parent.Gpu,
            parent.Dialect,
            type,
            hostdev.Attrs,
            parent.Dialect.Arguments(type?.Id, _input.Domain.Uuid, hostdev.Args),
            hostdev.AttachedBy,
            Stage.Reserved);
    }
}
