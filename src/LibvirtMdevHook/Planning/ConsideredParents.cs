using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Planning;

/// <summary>Every parent that is considered for a device that is to be made.</summary>
internal sealed class ConsideredParents(PlanInput input, Capacity capacity)
{
    /// <summary>What was found for devices that are declared alike.</summary>
    private readonly Dictionary<(bool IsVf, string? Type, string Args, string? Model, string Parents), ImmutableArray<Candidate>>
        _found = [];

    /// <returns>The parents that fit and those that do not, in the order of the host.</returns>
    public ImmutableArray<Candidate> For(DeclaredHostdev hostdev)
    {
        var isVf = hostdev.Device.Address is not null;
        if (isVf && !input.IsIncoming)
            return Consider(hostdev);
        var declared = (isVf, hostdev.Type, hostdev.Args, hostdev.Model, string.Join(' ', hostdev.Parents));
        if (_found.TryGetValue(declared, out var alike))
            return [.. alike.Select(c => c with { Device = hostdev.Device })];
        return _found[declared] = Consider(hostdev);
    }

    private ImmutableArray<Candidate> Consider(DeclaredHostdev hostdev) =>
        [.. input.Host.Parents.Where(p => IsPlaceFor(hostdev, p)).Select(p => Consider(hostdev, p))];

    /// <summary>
    /// A declared VF is its own place; for an incoming domain any VF may be. Every other device is
    /// made on a parent. A PF whose VFs are not enabled can tell why there is no VF. A device that
    /// has no name yet may also become a VF.
    /// </summary>
    private bool IsPlaceFor(DeclaredHostdev hostdev, Parent parent)
    {
        if (hostdev.Device.Address is not null)
            return parent.Dialect == Dialect.Vf && (input.IsIncoming || parent.Name == hostdev.Device.Name);
        if (parent.Dialect != Dialect.Vf)
            return hostdev.Parents.Length == 0 || hostdev.Parents.Any(parent.IsOn);
        if (!parent.HasDisabledVfs && !input.TakesVfs)
            return false;
        return hostdev.Parents.Length == 0 || hostdev.Parents.Any(parent.IsOn);
    }

    private Candidate Consider(DeclaredHostdev hostdev, Parent parent)
    {
        if (WhyClaimed(parent) is { } claimed)
            return new Candidate(hostdev.Device, parent, null, Unfit.Claimed, claimed);
        var fit = ParentFit.Of(input, hostdev, parent);
        if (fit.Fits)
            return ConsiderCapacity(fit);
        if (fit.Unfit != Unfit.NoSuchType || CapacityText.WhyHidden(capacity, parent, hostdev.Type!) is not { } hidden)
            return fit;
        var curedBy = capacity.IsBeingFreed(parent.Gpu) ? CuredBy.Removal : CuredBy.Types;
        return fit with { Unfit = Unfit.Hidden, Reason = hidden, CuredBy = curedBy };
    }

    private Candidate ConsiderCapacity(Candidate fit)
    {
        if (CapacityText.WhyFull(capacity, fit.Parent, fit.Type) is not { } full)
            return fit with { Ranking = RankingOf(fit.Parent, fit.Type) };
        return fit with { Unfit = Unfit.Full, Reason = full, CuredBy = WhatMakesRoom(fit.Parent, fit.Type!) };
    }

    private CuredBy WhatMakesRoom(Parent parent, MdevType type)
    {
        if (capacity.IsBeingFreed(parent.Gpu))
            return CuredBy.Removal;
        if (SizeRule.PendingOtherSize(capacity, parent, type) is not { } pending)
            return CuredBy.Nothing;
        return input.Starting.Contains(pending.Record.Domain) ? CuredBy.Start : CuredBy.Nothing;
    }

    /// <returns>
    /// Whose record has the VF; null for a parent that serves several domains.
    /// </returns>
    private Reason? WhyClaimed(Parent parent)
    {
        if (parent.Dialect != Dialect.Vf)
            return null;
        if (input.Others.Concat(input.Removing).FirstOrDefault(r => r.Claims.Any(c => c.Parent == parent.Name)) is { } other)
            return RefusalText.VfOfAnotherDomain(other);
        return input.Newer.FirstOrDefault(r => r.IsOn(parent.Name)) is { } newer ? RefusalText.VfOfNewerRecord(newer) : null;
    }

    private string RankingOf(Parent parent, MdevType? type)
    {
        var load = capacity.Load(parent.Gpu);
        if (load == 0)
            return $"its GPU is empty{Nearness(parent)}";
        var devices = load == 1 ? "device" : "devices";
        var ofThisSize = parent.RunsOneSize && capacity.BindsNoGpu(parent, type) ? " of this size" : "";
        return $"its GPU has {load} {devices}{ofThisSize}{Nearness(parent)}";
    }

    private string Nearness(Parent parent)
    {
        if (input.Numa != NumaRule.Prefer || input.Nodes.IsEmpty)
            return "";
        return input.IsNear(parent) ? ", near the domain" : ", far from the domain";
    }
}
