using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Planning;

/// <summary>
/// Picks a parent for each device of a domain so that all devices fit together, under the
/// declaration's rule on GPUs.
/// </summary>
internal sealed class ParentSelection
{
    private readonly PlanInput _input;
    private readonly Capacity _capacity;
    private readonly Deadline _limit;
    private readonly ImmutableArray<PlaceableDevice> _devices;
    private bool _wasGivenUp;

    private ParentSelection(PlanInput input, Capacity capacity, ImmutableArray<DeviceCandidates> devices, Deadline limit)
    {
        (_input, _capacity, _limit) = (input, capacity, limit);
        _devices = PlaceableDevice.Order(devices.Select(d => PlaceableDevice.Of(input, capacity, d)));
    }

    /// <param name="devices">
    /// Each with at least one candidate that fits, or a foreign claim.
    /// </param>
    /// <param name="limit">When a search that had to go back is given up.</param>
    public static Selection Of(PlanInput input, Capacity capacity, ImmutableArray<DeviceCandidates> devices, Deadline limit)
    {
        var selection = new ParentSelection(input, capacity, devices, limit);
        var chosen = input.Declaration.Gpu switch
        {
            GpuRule.Same => selection.OnOneGpu(),
            GpuRule.Different => selection.OnDifferentGpus(),
            _ => selection.Search(selection._devices),
        };
        if (chosen is null)
            return new Selection(null, selection._wasGivenUp);
        return new Selection([.. devices.Select(d => chosen.Single(c => c.Device == d.Hostdev.Device))]);
    }

    private ImmutableList<Claim>? OnOneGpu()
    {
        foreach (var gpu in GpusOfFirst())
        {
            var devices = _devices.Select(d => d.On(gpu)).OfType<PlaceableDevice>().ToArray();
            if (devices.Length == _devices.Length && Search(PlaceableDevice.Order(devices)) is { } chosen)
                return chosen;
        }

        return null;
    }

    /// <summary>The GPUs on which the first device could be, the best one first.</summary>
    private IEnumerable<SysfsName> GpusOfFirst() => _devices[0].Foreign is { } foreign
        ? [foreign.Gpu]
        : RankedParent.InOrder(_devices[0].Parents, _input.Placement, _capacity).Select(p => p.Gpu).Distinct();

    private ImmutableList<Claim>? OnDifferentGpus()
    {
        if (DifferentGpus.Choose(_devices, _input.Placement, _capacity) is not { } parents)
            return null;
        return [.. _devices.Zip(parents, (d, parent) => d.Foreign ?? NewClaim.Of(_input, _capacity, d.Hostdev, parent!))];
    }

    private ImmutableList<Claim>? Search(ImmutableArray<PlaceableDevice> devices)
    {
        var search = new ParentSearch(_input, _capacity, devices, _limit);
        var chosen = search.Run();
        _wasGivenUp |= search.WasGivenUp;
        return chosen;
    }
}
