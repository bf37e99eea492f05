using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Planning;

/// <summary>
/// The sentences in which a plan is refused; each names domain, device, type and parent, and what
/// to do.
/// </summary>
internal static class RefusalText
{
    private const int ParentsListed = 6;

    private const string Retarget = "'virt-mdev retarget'";

    private const string InSnapshot = "'virsh snapshot-edit' in a snapshot";

    /// <summary>
    /// What the configuration excludes is not known, so every parent may be excluded.
    /// </summary>
    public static Refusal UnreadExclusion(PlanInput input, string problem) =>
        new(null, $"domain '{input.Domain.Name}': its devices cannot be placed: {problem}", CuredBy.Nothing);

    public static Refusal OfAnotherDomain(PlanInput input, DeclaredHostdev hostdev, Record other)
    {
        var owner = $"the domain '{other.Name}' ({other.Domain})";
        if (other.Expires is not null)
            return Of(input, hostdev, $"it is reserved for {owner}, which may be coming here; try again in a minute");
        return Of(input, hostdev, $"it belongs to {owner}; {HowToRename(hostdev)}");
    }

    /// <summary>Why a domain cannot have a VF that was considered for it.</summary>
    public static Reason VfOfAnotherDomain(Record other) => other.Expires is null
        ? $"it is a VF of the domain '{other.Name}'"
        : $"it is reserved for the domain '{other.Name}', which may be coming here";

    /// <summary>
    /// A newer version's record of the domain itself: nothing is known of what it has.
    /// </summary>
    public static Refusal OwnNewerRecord(PlanInput input, NewerRecord record)
    {
        var text = $"domain '{input.Domain.Name}': {record}; install that version again, or end what uses its devices "
            + "and run 'virt-mdev reconcile --apply'";
        return new Refusal(null, text, CuredBy.Nothing);
    }

    /// <summary>A removal by a newer version may be at its end soon.</summary>
    public static Refusal OfNewerRecord(PlanInput input, DeclaredHostdev hostdev, NewerRecord record)
    {
        var curedBy = record.Domain is null ? CuredBy.Removal : CuredBy.Nothing;
        return Of(input, hostdev, $"{record}, and has it; {HowToRename(hostdev)}", curedBy);
    }

    /// <summary>Why a domain cannot have a VF that a newer version's record has.</summary>
    public static Reason VfOfNewerRecord(NewerRecord record) => $"{record}, and has it"!;

    public static Refusal StillBeingRemoved(PlanInput input, DeclaredHostdev hostdev, Record removing)
    {
        var what = IsVf(hostdev)
            ? $"the type that '{removing.Name}' had on it is still being cleared"
            : $"the device of that uuid that '{removing.Name}' had on '{removing.Claims[0].Parent}' is still being removed";
        var why = input.Holders.TryGetValue(hostdev.Device, out var holder)
            ? $"{holder} holds it"
            : "'virt-mdev list' and the hook's log say more";
        return Of(input, hostdev, $"{what}; {why}", CuredBy.Removal);
    }

    public static Refusal ForeignUnfit(PlanInput input, DeclaredHostdev hostdev, HostDevice device, Reason reason)
    {
        var type = device.Type is { } known ? $" as '{known}'" : "";
        if (IsVf(hostdev))
        {
            return Of(input, hostdev, $"it is set up already{type}, though not by this hook, and cannot be used: {reason}; "
                + $"{HowToRename(hostdev)}, or write 0 to its nvidia/current_vgpu_type if nobody needs it any more");
        }

        return Of(input, hostdev, $"it exists already{type} on '{device.Parent}', was not made by this hook, and cannot be used: {reason}; "
            + $"remove it or {HowToRename(hostdev)}");
    }

    /// <summary>
    /// VFs come with a driver, a daemon and a command at the host's boot, and each of them may be
    /// late. Or the address is one of another host, which libvirt keeps for the next start of a
    /// domain that migrated for good, or a snapshot of it.
    /// </summary>
    public static Refusal NotAVf(PlanInput input, DeclaredHostdev hostdev, string why)
    {
        var remedy = $"if the domain came from another host, {Retarget} gives it a VF of this one ({InSnapshot})";
        return Of(input, hostdev, $"{why}; {remedy}", CuredBy.Types);
    }

    /// <summary>A device that cannot be looked at counts as existing.</summary>
    public static Refusal NotSeen(PlanInput input, DeclaredHostdev hostdev, Reason silence) =>
        Of(input, hostdev, $"its GPU cannot be looked at: {silence}", CuredBy.Types);

    public static Refusal NoParent(PlanInput input, DeclaredHostdev hostdev, ImmutableArray<Candidate> candidates)
    {
        if (candidates.Length == 0)
            return Of(input, hostdev, NoParentText.Of(input.Host, hostdev), CuredBy.Types);
        if (candidates.All(c => c.Unfit == Unfit.NoSuchType))
            return Of(input, hostdev, NearMisses.NoSuchType(hostdev, candidates), CuredBy.Types);
        return Of(input, hostdev, NoFit(hostdev, candidates), WhatCures(candidates));
    }

    /// <summary>
    /// The numbers of the 2016 interface are rows of a table, those of VFs are the driver's: one
    /// number may be two types.
    /// </summary>
    /// <returns>Null for a name, and for a number that is one type at most.</returns>
    public static Refusal? NumberOfTwoTypes(PlanInput input, DeclaredHostdev hostdev, ImmutableArray<Candidate> candidates)
    {
        if (TypeNumber.Parse(hostdev.Type) is null)
            return null;
        // On a full GPU no VF tells the name of the type that it has.
        var types = candidates.Where(c => c.Type?.Name is not null).DistinctBy(c => TypeName.Normalise(c.Type!.Name!)).ToArray();
        if (types.Length < 2)
            return null;
        var choices = string.Join(", ", types.Select(c => $"'{c.Type!.Name}' on '{c.Parent.Name}'"));
        return Of(input, hostdev, $"the number is not one type here: {choices}; declare the name, or a parent");
    }

    /// <returns>
    /// Why a domain that wants a GPU for each device has too few; null when there are enough.
    /// </returns>
    public static Refusal? TooFewGpus(PlanInput input, ImmutableArray<DeviceCandidates> devices)
    {
        if (input.Declaration.Gpu != GpuRule.Different)
            return null;
        var gpus = devices.SelectMany(d => d.Candidates).Where(c => c.Fits).Select(c => c.Parent.Gpu).Distinct().Order().ToArray();
        if (gpus.Length >= devices.Length)
            return null;
        var found = gpus.Length == 1 ? "only 1 GPU has" : $"only {gpus.Length} GPUs have";
        return OfAll(input, devices, $"its {devices.Length} devices do not fit together with gpu='different': {found} room for them "
            + $"({Names(gpus)}); declare fewer devices, other types or parents, or another rule");
    }

    /// <param name="wasGivenUp">
    /// The search was given up, so that it is not known whether the devices fit.
    /// </param>
    public static Refusal NotTogether(PlanInput input, ImmutableArray<DeviceCandidates> devices, bool wasGivenUp)
    {
        var rule = input.Declaration.Gpu == GpuRule.Any ? "" : $" with gpu='{EnumText.Of(input.Declaration.Gpu)}'";
        if (wasGivenUp)
        {
            return OfAll(input, devices, $"the search for parents of its {devices.Length} devices{rule} was given up, "
                + "as there are too many ways to place them and none was found in time; "
                + "declare a parent for each device, or fewer devices");
        }

        var places = string.Join("; ", devices.Where(d => d.Foreign is null).Select(Place));
        var sizes = string.Concat(input.OneSize.Select(gpu => $"; '{gpu.Key}' did not take {gpu.Value}"));
        return OfAll(input, devices, $"its {devices.Length} devices do not fit together{rule}, though each would alone: "
            + $"{places}{sizes}; free an instance or declare other types or parents");
    }

    /// <returns>The names in single quotes; of a long list only the first ones.</returns>
    public static string Names(IEnumerable<SysfsName> parents)
    {
        var all = parents.ToArray();
        var listed = string.Join(", ", all.Take(ParentsListed).Select(p => $"'{p}'"));
        return all.Length > ParentsListed ? $"{listed} and {all.Length - ParentsListed} more" : listed;
    }

    private static Refusal OfAll(PlanInput input, ImmutableArray<DeviceCandidates> devices, string reason)
    {
        var curedBy = WhatCuresAll(input, [.. devices.SelectMany(d => d.Candidates)]);
        return new Refusal(null, $"domain '{input.Domain.Name}': {reason}", curedBy);
    }

    private static CuredBy WhatCuresAll(PlanInput input, ImmutableArray<Candidate> candidates)
    {
        var gpus = candidates.Select(c => c.Parent.Gpu).ToHashSet();
        if (input.Removing.SelectMany(r => r.Claims).Any(c => gpus.Contains(c.Gpu)))
            return CuredBy.Removal;
        return candidates.Any(c => c.CuredBy == CuredBy.Start) ? CuredBy.Start : CuredBy.Nothing;
    }

    private static string Place(DeviceCandidates device) => IsVf(device.Hostdev)
        ? $"'{device.Hostdev.Device}' is a VF of '{device.Candidates[0].Parent.Gpu}'"
        : $"'{device.Hostdev.Device}' fits on {Names(device.Candidates.Where(c => c.Fits).Select(c => c.Parent.Name))}";

    private static string NoFit(DeclaredHostdev hostdev, ImmutableArray<Candidate> candidates)
    {
        if (IsVf(hostdev) && candidates is [var only])
            return only.Reason!.Text;
        var enabled = candidates.RemoveAll(c => c.Parent.HasDisabledVfs);
        var hasNearMisses = enabled.Length > 0 && enabled.All(c => c.Unfit == Unfit.NoSuchType);
        var nearMisses = hasNearMisses ? NearMisses.DidYouMean(hostdev, enabled) : "";
        return $"no {(IsVf(hostdev) ? "VF" : "parent")} fits: {Reasons(candidates)}{nearMisses}";
    }

    private static CuredBy WhatCures(ImmutableArray<Candidate> candidates)
    {
        if (candidates.Any(c => c.CuredBy == CuredBy.Removal))
            return CuredBy.Removal;
        if (candidates.Any(c => c.CuredBy == CuredBy.Start))
            return CuredBy.Start;
        var maySeeTypes = candidates.Any(c => c.Unfit == Unfit.NoSuchType || c.CuredBy == CuredBy.Types);
        return maySeeTypes ? CuredBy.Types : CuredBy.Nothing;
    }

    private static string Reasons(ImmutableArray<Candidate> candidates) =>
        string.Join("; ", candidates.GroupBy(c => c.Reason).Select(g => $"{Names(g.Select(c => c.Parent.Name))}: {g.Key}"));

    /// <summary>
    /// A domain that is started from a snapshot has the snapshot's XML, which no hook may change
    /// and retarget does not.
    /// </summary>
    private static string HowToRename(DeclaredHostdev hostdev)
    {
        var what = IsVf(hostdev) ? "take another VF" : "give the hostdev another uuid";
        return $"{what} ({Retarget} does it in the definition, {InSnapshot})";
    }

    private static bool IsVf(DeclaredHostdev hostdev) => hostdev.Device.Address is not null;

    private static Refusal Of(PlanInput input, DeclaredHostdev hostdev, string reason, CuredBy curedBy = CuredBy.Nothing)
    {
        var type = hostdev.Type is null ? "" : $" of type '{hostdev.Type}'";
        var text = $"domain '{input.Domain.Name}': the device '{hostdev.Device}'{type} cannot be had: {reason}";
        return new Refusal(hostdev.Device, text, curedBy);
    }
}
