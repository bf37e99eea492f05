using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Planning;

/// <summary>
/// Makes the plan for a domain. Everything about the host is in its input, except the bus of a
/// parent that is declared by a node device name, which is read from sysfs.
/// </summary>
internal sealed class Planner
{
    /// <summary>How long a search that had to go back may take: it holds the host's lock.</summary>
    private static readonly TimeSpan SearchTime = TimeSpan.FromSeconds(0.5);

    private readonly PlanInput _input;
    private readonly Capacity _capacity;
    private readonly ConsideredParents _parents;

    private Planner(PlanInput input)
    {
        _input = input;
        _capacity = Capacity.Of(input.Host, input.Others.Concat(input.Removing), input.Domain.Uuid).WithOneSizeOn(input.OneSize.Keys);
        _parents = new ConsideredParents(input, _capacity);
    }

    /// <param name="refused">
    /// What was refused before, for an operation that plans the same declaration several times.
    /// </param>
    /// <param name="limit">
    /// When a search that had to go back is given up; null for half a second from now.
    /// </param>
    public static Plan Make(PlanInput input, RefusedSelection? refused = null, Deadline? limit = null) =>
        new Planner(input).Make(refused ?? new RefusedSelection(), limit);

    /// <returns>
    /// The declared devices whose name is taken on this host: by another domain, by a holder, or by
    /// a device that does not fit.
    /// </returns>
    public static ImmutableArray<DeviceId> Taken(PlanInput input)
    {
        var planner = new Planner(input);
        return [.. input.Declaration.Hostdevs.Where(h => planner.ConsiderExisting(h) is { Refusal: not null }).Select(h => h.Device)];
    }

    private Plan Make(RefusedSelection refused, Deadline? limit)
    {
        if (_input.Settings.UnreadExclusion is { } problem)
            return new Plan(null, [RefusalText.UnreadExclusion(_input, problem)], []);
        // It is not known what the domain has, and its record must not be replaced.
        if (_input.Newer.FirstOrDefault(r => r.Domain == _input.Domain.Uuid) is { } newer)
            return new Plan(null, [RefusalText.OwnNewerRecord(_input, newer)], []);
        var devices = _input.Declaration.Hostdevs.Select(Consider).ToImmutableArray();
        var candidates = devices.SelectMany(d => d.Candidates).ToImmutableArray();
        var refusals = devices.Select(d => d.Refusal).OfType<Refusal>().ToImmutableArray();
        if (refusals.Length > 0)
            return new Plan(null, refusals, candidates);
        if (RefusalText.TooFewGpus(_input, devices) is { } tooFew)
            return new Plan(null, [tooFew], candidates);
        var selection = refused.Of(_input, devices, () => SelectParents(devices, limit ?? Deadline.After(SearchTime)));
        if (selection.Claims is not { } claims)
            return new Plan(null, [RefusalText.NotTogether(_input, devices, selection.WasGivenUp)], candidates);
        var record = new Record(_input.Domain.Uuid, _input.Domain.Name, _input.Boot, _input.Generation, Phase.Preparing, claims);
        return new Plan(record, [], candidates);
    }

    /// <summary>
    /// An incoming domain keeps the addresses of its VFs where it can. The VF of any other domain
    /// has no second candidate.
    /// </summary>
    private Selection SelectParents(ImmutableArray<DeviceCandidates> devices, Deadline limit)
    {
        if (_input.IsIncoming)
        {
            var inPlace = Select([.. devices.Select(InPlace)], limit);
            if (inPlace.Claims is not null)
                return inPlace;
        }

        return Select(devices, limit);
    }

    /// <summary>
    /// Two sizes of the domain share a GPU that is not seen to run both only where nothing else is
    /// left: the driver may refuse the second.
    /// </summary>
    private Selection Select(ImmutableArray<DeviceCandidates> devices, Deadline limit)
    {
        var fitting = devices.SelectMany(d => d.Candidates).Where(c => c.Fits && c.Type is not null);
        if (fitting.Select(c => TypeSize.Of(c.Parent, c.Type!)).OfType<int>().Distinct().Skip(1).Any())
        {
            var apart = ParentSelection.Of(_input, _capacity.WithSizesApart(), devices, limit);
            if (apart.Claims is not null)
                return apart;
        }

        return ParentSelection.Of(_input, _capacity, devices, limit);
    }

    private static DeviceCandidates InPlace(DeviceCandidates device)
    {
        var own = device.Candidates.FirstOrDefault(c => c.Fits && c.Parent.Name == device.Hostdev.Device.Name);
        return own is null ? device : device with { Candidates = [own] };
    }

    private DeviceCandidates Consider(DeclaredHostdev hostdev)
    {
        var existing = ConsiderExisting(hostdev);
        var changesItsName = _input.IsIncoming && existing?.Refusal is not null;
        return existing is null || changesItsName ? ConsiderNew(hostdev) : existing;
    }

    /// <returns>
    /// Null when neither a record nor the host has anything of the device's name.
    /// </returns>
    private DeviceCandidates? ConsiderExisting(DeclaredHostdev hostdev)
    {
        if (_input.Others.FirstOrDefault(r => r.Claims.Any(c => c.Device == hostdev.Device)) is { } other)
            return DeviceCandidates.Refused(hostdev, RefusalText.OfAnotherDomain(_input, hostdev, other));
        if (_input.Newer.FirstOrDefault(r => r.Has(hostdev.Device)) is { } newer)
            return DeviceCandidates.Refused(hostdev, RefusalText.OfNewerRecord(_input, hostdev, newer));
        if (_input.Removing.FirstOrDefault(r => r.Claims.Any(c => c.Device == hostdev.Device)) is { } removing)
            return DeviceCandidates.Refused(hostdev, RefusalText.StillBeingRemoved(_input, hostdev, removing));
        if (_input.Host.NotVfs.TryGetValue(hostdev.Device, out var why))
            return DeviceCandidates.Refused(hostdev, RefusalText.NotAVf(_input, hostdev, why));
        if (_input.Host.NotSeen.TryGetValue(hostdev.Device, out var silence))
            return DeviceCandidates.Refused(hostdev, RefusalText.NotSeen(_input, hostdev, silence));
        return _input.Host.Find(hostdev.Device) is { } existing ? ForeignDevice.Consider(_input, hostdev, existing) : null;
    }

    private DeviceCandidates ConsiderNew(DeclaredHostdev hostdev)
    {
        var candidates = _parents.For(hostdev);
        var refusal = RefusalText.NumberOfTwoTypes(_input, hostdev, candidates);
        if (refusal is null && !candidates.Any(c => c.Fits))
            refusal = RefusalText.NoParent(_input, hostdev, candidates);
        return new DeviceCandidates(hostdev, candidates, null, refusal);
    }
}
