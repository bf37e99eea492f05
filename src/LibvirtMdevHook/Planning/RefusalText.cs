using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Planning;

/// <summary>The sentences in which a plan is refused; each names domain, device, type and parent, and what to do.</summary>
internal static class RefusalText
{
    private const int ParentsListed = 6;

    public static Refusal OfAnotherDomain(PlanInput input, DeclaredHostdev hostdev, Record other) => Of(input, hostdev,
        other.Expires is not null
            ? $"it is reserved for the domain '{other.Name}' ({other.Domain}), which may be coming here; try again in a minute"
            : $"it belongs to the domain '{other.Name}' ({other.Domain}); " + (hostdev.Device.Address is null
                ? "give this device another uuid; 'virt-mdev retarget' does it for a domain that is defined"
                : "take another VF; 'virt-mdev retarget' does it for a domain that is defined"));

    public static Refusal StillBeingRemoved(PlanInput input, DeclaredHostdev hostdev, Record removing) => Of(input, hostdev,
        (hostdev.Device.Address is null
                ? $"the device of that uuid that '{removing.Name}' had on '{removing.Claims[0].Parent}' is still being removed; "
                : $"the type that '{removing.Name}' had on it is still being cleared; ")
            + (input.Holders.GetValueOrDefault(hostdev.Device) is { } holder ? $"{holder} holds it" : "'virt-mdev list' and the hook's log say more"), CuredBy.Removal);

    public static Refusal ForeignUnfit(PlanInput input, DeclaredHostdev hostdev, HostDevice device, string whyNot)
    {
        var type = device.Type is { } known ? $" as '{known}'" : "";
        return Of(input, hostdev, device.Id.Address is null
            ? $"it exists already{type} on '{device.Parent}', was not made by this hook, and cannot be used: {whyNot}; remove it or give the hostdev another uuid"
            : $"it is set up already{type}, though not by this hook, and cannot be used: {whyNot}; declare another VF, or write 0 to its "
                + "nvidia/current_vgpu_type if nobody needs it any more");
    }

    /// <summary>
    /// VFs come with a driver, a daemon and a command at the host's boot, which may all be late. Or the address is one of another host, which
    /// libvirt keeps for the next start of a domain that migrated for good.
    /// </summary>
    public static Refusal NotAVf(PlanInput input, DeclaredHostdev hostdev, string why) =>
        Of(input, hostdev, $"{why}; if the domain came from another host, 'virt-mdev retarget' gives it a VF of this one", CuredBy.Types);

    public static Refusal NoParent(PlanInput input, DeclaredHostdev hostdev, ImmutableArray<Candidate> candidates)
    {
        if (candidates.Length == 0)
            return Of(input, hostdev, NoParentAtAll(hostdev), CuredBy.Types);
        if (candidates.All(c => c.Reason == ParentFit.NoSuchType))
            return Of(input, hostdev, NoSuchType(hostdev, candidates), CuredBy.Types);
        var curedBy = candidates.Any(c => c.CuredBy == CuredBy.Removal) ? CuredBy.Removal
            : candidates.Any(c => c.Reason == ParentFit.NoSuchType || c.CuredBy == CuredBy.Types) ? CuredBy.Types
            : CuredBy.Nothing;
        var awake = candidates.RemoveAll(c => c.Parent.HasDisabledVfs);
        var reasons = Reasons(candidates) + (awake.Length > 0 && awake.All(c => c.Reason == ParentFit.NoSuchType) ? DidYouMean(hostdev, awake) : "");
        return Of(input, hostdev, hostdev.Device.Address is null ? $"no parent fits: {reasons}" : candidates.Length == 1 ? candidates[0].Reason! : $"no VF fits: {reasons}", curedBy);
    }

    public static Refusal NotTogether(PlanInput input, ImmutableArray<DeviceCandidates> wishes)
    {
        var ways = wishes.Where(w => w.Foreign is null).Select(w => w.Hostdev.Device.Address is null
            ? $"'{w.Hostdev.Device}' fits on {Names(w.Candidates.Where(c => c.Fits).Select(c => c.Parent.Name))}"
            : $"'{w.Hostdev.Device}' is a VF of '{w.Candidates[0].Parent.Gpu}'");
        var rule = input.Declaration.Gpu == GpuRule.Any ? "" : $" with gpu='{EnumText.Of(input.Declaration.Gpu)}'";
        var gpus = wishes.SelectMany(w => w.Candidates).Select(c => c.Parent.Gpu).ToHashSet();
        var curedBy = input.Removing.SelectMany(r => r.Claims).Any(c => gpus.Contains(c.Gpu)) ? CuredBy.Removal : CuredBy.Nothing;
        return new Refusal(null, $"domain '{input.Domain.Name}': its {wishes.Length} devices do not fit together{rule}, though each would alone: "
            + $"{string.Join("; ", ways)}; free an instance or declare other types or parents", curedBy);
    }

    private static string NoParentAtAll(DeclaredHostdev hostdev)
    {
        if (hostdev.Parents.Length == 0)
            return "this host has no parent of mediated devices; load the vendor's driver ('virt-mdev types' lists parents)";
        return $"the parent {string.Join(" or ", hostdev.Parents.Select(p => $"'{p}'"))} is not on this host or takes no mediated devices; "
            + "'virt-mdev types' lists the parents";
    }

    private static string NoSuchType(DeclaredHostdev hostdev, ImmutableArray<Candidate> candidates)
    {
        var where = Names(candidates.Select(c => c.Parent.Name));
        var have = candidates.Length == 1 ? "has" : "have";
        return $"{where} {have} no such type{InOtherMode(hostdev, candidates)}{DidYouMean(hostdev, candidates)}";
    }

    /// <summary>The types of a GPU in MIG mode have names that are easily taken for those of the GPU without it.</summary>
    private static string InOtherMode(DeclaredHostdev hostdev, ImmutableArray<Candidate> candidates)
    {
        var modes = candidates.SelectMany(c => c.Parent.Types).Select(type => VgpuSize.IsOfMig(type.Name)).Distinct().ToArray();
        if (modes is not [var isMig] || isMig == VgpuSize.IsOfMig(hostdev.Type) || Near(hostdev, candidates).IsEmpty)
            return "";
        return isMig ? ": in MIG mode a GPU offers types of GPU instances only" : ": a GPU offers types of GPU instances in MIG mode only";
    }

    private static ImmutableArray<string> Near(DeclaredHostdev hostdev, ImmutableArray<Candidate> candidates) =>
        TypeMatch.Near(hostdev.Type!, candidates.SelectMany(c => c.Parent.Types.Concat(c.Parent.Seen)));

    private static string DidYouMean(DeclaredHostdev hostdev, ImmutableArray<Candidate> candidates)
    {
        var near = Near(hostdev, candidates);
        return near.Length > 0 ? $"; did you mean {string.Join(" or ", near.Select(n => $"'{n}'"))}?" : "; 'virt-mdev types' lists the types";
    }

    private static string Reasons(ImmutableArray<Candidate> candidates) =>
        string.Join("; ", candidates.GroupBy(c => c.Reason).Select(g => $"{Names(g.Select(c => c.Parent.Name))}: {g.Key}"));

    private static string Names(IEnumerable<SysfsName> parents)
    {
        var all = parents.ToArray();
        var listed = string.Join(", ", all.Take(ParentsListed).Select(p => $"'{p}'"));
        return all.Length > ParentsListed ? $"{listed} and {all.Length - ParentsListed} more" : listed;
    }

    private static Refusal Of(PlanInput input, DeclaredHostdev hostdev, string reason, CuredBy curedBy = CuredBy.Nothing)
    {
        var type = hostdev.Type is null ? "" : $" of type '{hostdev.Type}'";
        return new Refusal(hostdev.Device, $"domain '{input.Domain.Name}': the device '{hostdev.Device}'{type} cannot be had: {reason}", curedBy);
    }
}
