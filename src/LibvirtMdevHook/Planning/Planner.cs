using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Planning;

/// <summary>Makes the plan for a domain. Pure: what it needs of the host was read before.</summary>
internal sealed class Planner
{
    private readonly PlanInput _input;
    private readonly Capacity _capacity;

    private Planner(PlanInput input) => (_input, _capacity) = (input, Capacity.Of(input.Host, input.Others.Concat(input.Removing)));

    public static Plan Make(PlanInput input) => new Planner(input).Make();

    private Plan Make()
    {
        var wishes = _input.Declaration.Hostdevs.Select(Consider).ToImmutableArray();
        var candidates = wishes.SelectMany(w => w.Candidates).ToImmutableArray();
        var refusals = wishes.Select(w => w.Refusal).OfType<Refusal>().ToImmutableArray();
        if (refusals.Length > 0)
            return new Plan(null, refusals, candidates);
        if ((ParentSelection.Of(_input, _capacity, [.. wishes.Select(InPlace)]) ?? ParentSelection.Of(_input, _capacity, wishes)) is not { } claims)
            return new Plan(null, [RefusalText.NotTogether(_input, wishes)], candidates);
        var record = new Record(_input.Domain.Uuid, _input.Domain.Name, _input.Boot, _input.Generation, Phase.Preparing, claims);
        return new Plan(record, [], candidates);
    }

    /// <returns>The declared devices whose uuid is taken on this host: of another domain, held, or of a type or parent that does not fit.</returns>
    public static ImmutableArray<DeviceId> Taken(PlanInput input)
    {
        var planner = new Planner(input);
        return [.. input.Declaration.Hostdevs.Where(h => planner.ConsiderExisting(h) is { Refusal: not null }).Select(h => h.Device)];
    }

    private DeviceCandidates Consider(DeclaredHostdev hostdev)
    {
        return ConsiderExisting(hostdev) is { } existing && !(_input.IsIncoming && existing.Refusal is not null) ? existing : ConsiderNew(hostdev);
    }

    /// <returns>Null when nothing of the device's name is on record or on the host.</returns>
    private DeviceCandidates? ConsiderExisting(DeclaredHostdev hostdev)
    {
        if (_input.Others.FirstOrDefault(r => r.Claims.Any(c => c.Device == hostdev.Device)) is { } other)
            return DeviceCandidates.Refused(hostdev, RefusalText.OfAnotherDomain(_input, hostdev, other));
        if (_input.Removing.FirstOrDefault(r => r.Claims.Any(c => c.Device == hostdev.Device)) is { } removing)
            return DeviceCandidates.Refused(hostdev, RefusalText.StillBeingRemoved(_input, hostdev, removing));
        if (_input.Host.NotVfs.TryGetValue(hostdev.Device, out var why))
            return DeviceCandidates.Refused(hostdev, RefusalText.NotAVf(_input, hostdev, why));
        return _input.Host.Find(hostdev.Device) is { } existing ? ForeignDevice.Consider(_input, hostdev, existing) : null;
    }

    private DeviceCandidates ConsiderNew(DeclaredHostdev hostdev)
    {
        var candidates = _input.Host.Parents.Where(p => IsPlaceFor(hostdev, p)).Select(p => Consider(hostdev, p)).ToImmutableArray();
        return candidates.Any(c => c.Fits)
            ? new DeviceCandidates(hostdev, candidates, null, null)
            : new DeviceCandidates(hostdev, candidates, null, RefusalText.NoParent(_input, hostdev, candidates));
    }

    /// <summary>An arriving domain keeps its VF's address where it can.</summary>
    private static DeviceCandidates InPlace(DeviceCandidates device) =>
        device.Candidates.FirstOrDefault(c => c.Fits && c.Parent.Name == device.Hostdev.Device.Name) is { } own ? device with { Candidates = [own] } : device;

    private Candidate Consider(DeclaredHostdev hostdev, Parent parent)
    {
        if (ClaimOf(parent) is { } other)
            return new Candidate(hostdev.Device, parent, null, other.Expires is null ? $"it is a VF of the domain '{other.Name}'"
                : $"it is reserved for the domain '{other.Name}', which may be coming here");
        var fit = ParentFit.Of(_input, hostdev, parent);
        var full = fit.Fits ? _capacity.WhyFull(parent, fit.Type)
            : fit.Reason == ParentFit.NoSuchType ? _capacity.WhyHidden(parent, hostdev.Type!)
            : null;
        if (full is null)
            return fit.Fits ? fit with { Ranking = RankingOf(parent, fit.Type) } : fit;
        var curedBy = _capacity.IsBeingFreed(parent.Gpu) ? CuredBy.Removal : fit.Fits ? CuredBy.Nothing : CuredBy.Types;
        return fit with { Reason = full, CuredBy = curedBy };
    }

    private string RankingOf(Parent parent, MdevType? type)
    {
        var load = _capacity.Load(parent.Gpu);
        var isOfSize = load > 0 && parent.RunsOneSize && _capacity.SpoilsNothing(parent, type);
        var near = _input.Numa != NumaRule.Prefer || _input.Nodes.IsEmpty ? "" : _input.IsNear(parent) ? ", near the domain" : ", far from the domain";
        return load == 0 ? $"its GPU is empty{near}"
            : $"its GPU has {load} {(load == 1 ? "device" : "devices")}{(isOfSize ? " of this size" : "")}{near}";
    }

    /// <returns>Whose a VF is, or will be; null for what takes devices of several domains.</returns>
    private Record? ClaimOf(Parent parent) => parent.Dialect != Dialect.Vf ? null
        : _input.Others.Concat(_input.Removing).FirstOrDefault(r => r.Claims.Any(c => c.Parent == parent.Name));

    /// <summary>
    /// A declared VF is its own place, for an arriving domain any VF; other devices are made on parents, and a PF whose VFs are not enabled may tell
    /// why there is none. What nobody has named yet may become either.
    /// </summary>
    private bool IsPlaceFor(DeclaredHostdev hostdev, Parent parent) => hostdev.Device.Address is not null
        ? parent.Dialect == Dialect.Vf && (_input.IsIncoming || parent.Name == hostdev.Device.Name)
        : (parent.Dialect != Dialect.Vf || parent.HasDisabledVfs || _input.TakesVfs)
            && (hostdev.Parents.Length == 0 || hostdev.Parents.Any(parent.Dialect == Dialect.Vf ? parent.IsOn : parent.IsNamedBy));
}
