using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Planning;

/// <summary>
/// Makes the plan for a domain. Everything about the host is in its input, except the bus of a
/// parent that is declared by a node device name, which is read from sysfs.
/// </summary>
internal sealed class Planner
{
    private readonly PlanInput _input;
    private readonly Capacity _capacity;

    private Planner(PlanInput input) => (_input, _capacity) = (input, Capacity.Of(input.Host, input.Others.Concat(input.Removing)));

    public static Plan Make(PlanInput input) => new Planner(input).Make();

    /// <returns>
    /// The declared devices whose name is taken on this host: by another domain, by a holder, or by
    /// a device that does not fit.
    /// </returns>
    public static ImmutableArray<DeviceId> Taken(PlanInput input)
    {
        var planner = new Planner(input);
        return [.. input.Declaration.Hostdevs.Where(h => planner.ConsiderExisting(h) is { Refusal: not null }).Select(h => h.Device)];
    }

    private Plan Make()
    {
        // What the domain has cannot be known, nor may its record be replaced.
        if (_input.Newer.FirstOrDefault(r => r.Domain == _input.Domain.Uuid) is { } newer)
            return new Plan(null, [RefusalText.OwnNewerRecord(_input, newer)], []);
        var devices = _input.Declaration.Hostdevs.Select(Consider).ToImmutableArray();
        var candidates = devices.SelectMany(d => d.Candidates).ToImmutableArray();
        var refusals = devices.Select(d => d.Refusal).OfType<Refusal>().ToImmutableArray();
        if (refusals.Length > 0)
            return new Plan(null, refusals, candidates);
        if (SelectParents(devices) is not { } claims)
            return new Plan(null, [RefusalText.NotTogether(_input, devices)], candidates);
        var record = new Record(_input.Domain.Uuid, _input.Domain.Name, _input.Boot, _input.Generation, Phase.Preparing, claims);
        return new Plan(record, [], candidates);
    }

    /// <summary>
    /// An incoming domain keeps the addresses of its VFs where it can. The VF of any other domain
    /// has no second candidate.
    /// </summary>
    private ImmutableArray<Claim>? SelectParents(ImmutableArray<DeviceCandidates> devices)
    {
        if (_input.IsIncoming && ParentSelection.Of(_input, _capacity, [.. devices.Select(InPlace)]) is { } inPlace)
            return inPlace;
        return ParentSelection.Of(_input, _capacity, devices);
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
        return _input.Host.Find(hostdev.Device) is { } existing ? ForeignDevice.Consider(_input, hostdev, existing) : null;
    }

    private DeviceCandidates ConsiderNew(DeclaredHostdev hostdev)
    {
        var candidates = _input.Host.Parents.Where(p => IsPlaceFor(hostdev, p)).Select(p => Consider(hostdev, p)).ToImmutableArray();
        var refusal = candidates.Any(c => c.Fits) ? null : RefusalText.NoParent(_input, hostdev, candidates);
        return new DeviceCandidates(hostdev, candidates, null, refusal);
    }

    /// <summary>
    /// A declared VF is its own place; for an incoming domain any VF may be. Every other device is
    /// made on a parent. A PF whose VFs are not enabled can tell why there is no VF. A device that
    /// has no name yet may also become a VF.
    /// </summary>
    private bool IsPlaceFor(DeclaredHostdev hostdev, Parent parent)
    {
        if (hostdev.Device.Address is not null)
            return parent.Dialect == Dialect.Vf && (_input.IsIncoming || parent.Name == hostdev.Device.Name);
        if (parent.Dialect != Dialect.Vf)
            return hostdev.Parents.Length == 0 || hostdev.Parents.Any(parent.IsNamedBy);
        if (!parent.HasDisabledVfs && !_input.TakesVfs)
            return false;
        return hostdev.Parents.Length == 0 || hostdev.Parents.Any(parent.IsOn);
    }

    private Candidate Consider(DeclaredHostdev hostdev, Parent parent)
    {
        if (WhyClaimed(parent) is { } claimed)
            return new Candidate(hostdev.Device, parent, null, Unfit.Claimed, claimed);
        var fit = ParentFit.Of(_input, hostdev, parent);
        if (fit.Fits)
            return ConsiderCapacity(fit);
        if (fit.Unfit != Unfit.NoSuchType || CapacityText.WhyHidden(_capacity, parent, hostdev.Type!) is not { } hidden)
            return fit;
        var curedBy = _capacity.IsBeingFreed(parent.Gpu) ? CuredBy.Removal : CuredBy.Types;
        return fit with { Unfit = Unfit.Hidden, Reason = hidden, CuredBy = curedBy };
    }

    private Candidate ConsiderCapacity(Candidate fit)
    {
        if (CapacityText.WhyFull(_capacity, fit.Parent, fit.Type) is not { } full)
            return fit with { Ranking = RankingOf(fit.Parent, fit.Type) };
        var curedBy = _capacity.IsBeingFreed(fit.Parent.Gpu) ? CuredBy.Removal : CuredBy.Nothing;
        return fit with { Unfit = Unfit.Full, Reason = full, CuredBy = curedBy };
    }

    /// <returns>
    /// Whose record has the VF; null for a parent that serves several domains.
    /// </returns>
    private Reason? WhyClaimed(Parent parent)
    {
        if (parent.Dialect != Dialect.Vf)
            return null;
        if (_input.Others.Concat(_input.Removing).FirstOrDefault(r => r.Claims.Any(c => c.Parent == parent.Name)) is { } other)
            return RefusalText.VfOfAnotherDomain(other);
        return _input.Newer.FirstOrDefault(r => r.IsOn(parent.Name)) is { } newer ? RefusalText.VfOfNewerRecord(newer) : null;
    }

    private string RankingOf(Parent parent, MdevType? type)
    {
        var load = _capacity.Load(parent.Gpu);
        if (load == 0)
            return $"its GPU is empty{Nearness(parent)}";
        var devices = load == 1 ? "device" : "devices";
        var ofThisSize = parent.RunsOneSize && _capacity.BindsNoGpu(parent, type) ? " of this size" : "";
        return $"its GPU has {load} {devices}{ofThisSize}{Nearness(parent)}";
    }

    private string Nearness(Parent parent)
    {
        if (_input.Numa != NumaRule.Prefer || _input.Nodes.IsEmpty)
            return "";
        return _input.IsNear(parent) ? ", near the domain" : ", far from the domain";
    }
}
