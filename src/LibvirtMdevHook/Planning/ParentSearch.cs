using System.Collections.Immutable;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Planning;

/// <summary>
/// Looks for parents on which all devices of a domain fit together. It tries the parents of one
/// device after the other in the order of the placement, and goes back where the rest does not fit.
/// </summary>
internal sealed class ParentSearch
{
    /// <summary>
    /// Enough for any sensible domain. Steps and time count only after the first device that found
    /// no parent.
    /// </summary>
    private const int MaximumSteps = 2_000;

    private readonly PlanInput _input;
    private readonly Capacity _capacity;
    private readonly Deadline _limit;
    private readonly ImmutableArray<PlaceableDevice> _devices;
    private readonly ParentKinds _kinds;

    /// <summary>The groups of parents of each device; none for a foreign one.</summary>
    private readonly ImmutableArray<ImmutableArray<ParentGroup>> _groups;

    /// <summary>
    /// What the first devices were seen to use where the rest did not fit any more.
    /// </summary>
    private readonly HashSet<string> _deadEnds = [];

    private int _steps;

    /// <param name="devices">In the order in which they get their parents.</param>
    /// <param name="limit">When a search that had to go back is given up.</param>
    public ParentSearch(PlanInput input, Capacity capacity, ImmutableArray<PlaceableDevice> devices, Deadline limit)
    {
        (_input, _capacity, _devices, _limit) = (input, capacity, devices, limit);
        _kinds = new ParentKinds(input, capacity, devices);
        _groups = [.. devices.Select(d => ParentGroup.Of(d, _kinds))];
    }

    /// <summary>The search took too many steps or too long.</summary>
    public bool WasGivenUp { get; private set; }

    /// <returns>
    /// The claims of all devices; null when they do not fit together, or the search was given up.
    /// </returns>
    public ImmutableList<Claim>? Run() => HasRoomForRest([], _capacity) ? Next([], _capacity) : null;

    /// <param name="chosen">The claims of the devices before.</param>
    /// <param name="capacity">What those claims leave.</param>
    /// <returns>The claims of all devices; null when the rest was not seen to fit.</returns>
    private ImmutableList<Claim>? Next(ImmutableList<Claim> chosen, Capacity capacity)
    {
        if (chosen.Count == _devices.Length)
            return chosen;
        if (_deadEnds.Count > 0 && !IsWorthTrying(chosen, capacity))
            return null;
        foreach (var claim in ClaimsFor(chosen, capacity))
        {
            // A foreign device exists, so it is counted already.
            var left = claim.IsForeign ? capacity : capacity.Plus(claim);
            if (Next(chosen.Add(claim), left) is { } all)
                return all;
            if (WasGivenUp)
                return null;
        }

        _deadEnds.Add(UsageBy(chosen));
        return null;
    }

    private bool IsWorthTrying(ImmutableList<Claim> chosen, Capacity capacity)
    {
        var usage = UsageBy(chosen);
        if (_deadEnds.Contains(usage))
            return false;
        if (++_steps > MaximumSteps || _limit.Passed)
        {
            WasGivenUp = true;
            return false;
        }

        if (HasRoomForRest(chosen, capacity))
            return true;
        _deadEnds.Add(usage);
        return false;
    }

    private bool HasRoomForRest(ImmutableList<Claim> chosen, Capacity capacity)
    {
        var rest = _groups.RemoveRange(0, chosen.Count).RemoveAll(groups => groups.IsEmpty);
        return rest.IsEmpty || RoomCheck.IsEnoughFor(rest, capacity, ParentsOf(chosen));
    }

    private IEnumerable<Claim> ClaimsFor(ImmutableList<Claim> chosen, Capacity capacity)
    {
        var device = _devices[chosen.Count];
        if (device.Foreign is { } foreign)
            return [foreign];
        var used = ParentsOf(chosen);
        var parents = _groups[chosen.Count].SelectMany(group => group.Distinct(used));
        return RankedParent.InOrder(parents, _input.Placement, capacity)
            .Select(parent => NewClaim.Of(_input, capacity, device.Hostdev, parent));
    }

    private static HashSet<SysfsName> ParentsOf(ImmutableList<Claim> chosen) =>
        [.. chosen.Where(c => !c.IsForeign).Select(c => c.Parent)];

    /// <returns>
    /// What claims use, in words that are the same for parents and GPUs of the same kind. The same
    /// devices find the same room beside the same usage.
    /// </returns>
    private string UsageBy(ImmutableList<Claim> chosen)
    {
        var gpus = chosen.Where(c => !c.IsForeign).GroupBy(c => c.Gpu).Select(UsageOfGpu).Order(StringComparer.Ordinal);
        return $"{chosen.Count} {string.Join(' ', gpus)}";
    }

    private string UsageOfGpu(IGrouping<SysfsName, Claim> gpu)
    {
        var parents = gpu.GroupBy(c => c.Parent).Select(UsageOfParent).Order(StringComparer.Ordinal);
        return $"{_kinds.OfGpu(gpu.Key)}:{string.Join(';', parents)}";
    }

    private string UsageOfParent(IGrouping<SysfsName, Claim> parent)
    {
        var types = parent.Select(c => c.Type?.Id.ToString()).Order(StringComparer.Ordinal);
        return $"{_kinds.OfParent(parent.Key)}={string.Join(',', types)}";
    }
}
