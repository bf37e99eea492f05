using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Planning;

/// <summary>
/// A declared device that exists already and that no record proves ours: it is used only if
/// everything fits, and is never removed.
/// </summary>
internal static class ForeignDevice
{
    public static DeviceCandidates Consider(PlanInput input, DeclaredHostdev hostdev, ExistingDevice existing)
    {
        var device = existing.Device;
        var parent = input.Host.Parents.FirstOrDefault(p => p.Name == device.Parent);
        var fit = parent is null ? null : ParentFit.Of(input, hostdev, parent);
        if (WhyNotTaken(hostdev, existing) is { } taken)
            return Refused(taken);
        if (fit is null)
            return Refused(WhyNotOnItsParent(hostdev, device));
        if (WhyNotFit(hostdev, device, fit) is { } unfit)
            return Refused(unfit);
        return new DeviceCandidates(hostdev, [fit], Claim(input, hostdev, device, fit), null);

        DeviceCandidates Refused(Reason reason) =>
            DeviceCandidates.Refused(hostdev, RefusalText.ForeignUnfit(input, hostdev, device, reason));
    }

    private static Claim Claim(PlanInput input, DeclaredHostdev hostdev, HostDevice device, Candidate fit)
    {
        var parent = fit.Parent;
        var type = fit.Type is { } found ? new ClaimedType(found.Id, found.Name, found.Framebuffer) : null;
        return new Claim(
            device.Id,
            device.Parent,
            parent.Gpu,
            parent.Dialect,
            type,
            [],
            parent.Dialect.Arguments(type?.Id, input.Domain.Uuid, hostdev.Args),
            hostdev.AttachedBy,
            Stage.Created,
            device.Inode,
            IsForeign: true,
            WasOnline: device.Online == true);
    }

    /// <returns>
    /// Why the device cannot be used, whatever its parent is; null when nothing speaks against it.
    /// </returns>
    private static Reason? WhyNotTaken(DeclaredHostdev hostdev, ExistingDevice existing)
    {
        if (existing.WhyNotFree is { } held)
            return held;
        if (hostdev.Attrs.Length > 0)
            return "its attributes are not ours to set";
        if (hostdev.Args.Length > 0)
            return "its args are not ours to give";
        if (IsVf(existing.Device) && existing.Device.Type is null)
            return "its type cannot be read";
        return null;
    }

    /// <summary>The host was read for the declared parents only.</summary>
    private static Reason WhyNotOnItsParent(DeclaredHostdev hostdev, HostDevice device) =>
        $"its parent is '{device.Parent}'" + (hostdev.Parents.Length > 0 ? ", which is not declared" : "");

    private static Reason? WhyNotFit(DeclaredHostdev hostdev, HostDevice device, Candidate fit)
    {
        var parent = fit.Parent;
        if (hostdev.Parents.Length > 0 && !IsVf(device) && !hostdev.Parents.Any(parent.IsOn))
            return $"its parent is '{parent.Name}', which is not declared";
        if (IsVf(device) && fit.Unfit == Unfit.NoSuchType)
            return WhyOtherType(hostdev, device, parent);
        if (!fit.Fits)
            return $"its parent '{parent.Name}' does not fit: {fit.Reason}";
        if (!parent.Dialect.TellsType)
            return fit.Type is null ? null : "the 2016 interface does not tell its type";
        if (device.Type == fit.Type?.Id)
            return null;
        return device.Type is null ? "its type cannot be read" : $"it is not of the declared type, which is '{fit.Type?.Id}' there";
    }

    /// <summary>
    /// A name from the cache of seen types proves nothing, but tells what to declare.
    /// </summary>
    private static Reason WhyOtherType(DeclaredHostdev hostdev, HostDevice device, Parent parent)
    {
        var seen = TypeMatch.Of(hostdev.Type!, parent.Dialect, parent.Seen).Types;
        if (device.Type is { } own && seen.Any(t => t.Id == own))
            return $"no VF of its GPU tells the name of that type now; declare type='{own}', if this is what you want";
        return "it is not of the declared type";
    }

    private static bool IsVf(HostDevice device) => device.Id.Address is not null;
}
