using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Planning;

/// <summary>A declared device that exists already and that no record of ours proves: used where everything fits, never removed.</summary>
internal static class ForeignDevice
{
    public static DeviceCandidates Consider(PlanInput input, DeclaredHostdev hostdev, ExistingDevice existing)
    {
        var device = existing.Device;
        var parent = input.Host.Parents.FirstOrDefault(p => p.Name == device.Parent);
        var fit = parent is null ? null : ParentFit.Of(input, hostdev, parent);
        var whyNot = WhyNot(hostdev, existing, parent, fit);
        if (whyNot is not null)
            return DeviceCandidates.Refused(hostdev, RefusalText.ForeignUnfit(input, hostdev, device, whyNot));
        var type = fit!.Type;
        var claim = new Claim(
            device.Id, device.Parent, parent!.Gpu, parent.Dialect,
            type is null ? null : new ClaimedType(type.Id, type.Name, type.Framebuffer),
            [], parent.Dialect.Arguments(type?.Id, input.Domain.Uuid, hostdev.Args), hostdev.AttachedBy,
            Stage.Created, device.Inode, IsForeign: true, WasOnline: device.Online == true);
        return new DeviceCandidates(hostdev, [fit], claim, null);
    }

    private static string? WhyNot(DeclaredHostdev hostdev, ExistingDevice existing, Parent? parent, Candidate? fit)
    {
        var device = existing.Device;
        if (existing.Holder is { } holder)
            return $"{holder} holds it";
        if (hostdev.Attrs.Length > 0)
            return "its attributes are not ours to set";
        if (hostdev.Args.Length > 0)
            return "its args are not ours to give";
        if (device.Id.Address is not null && device.Type is null)
            return "its type cannot be read";
        if (parent is null)
            return $"its parent is '{device.Parent}'" + (hostdev.Parents.Length > 0 ? ", which is not declared" : "");
        if (hostdev.Parents.Length > 0 && device.Id.Address is null && !hostdev.Parents.Any(parent.IsNamedBy))
            return $"its parent is '{parent.Name}', which is not declared";
        if (device.Id.Address is not null && fit!.Reason == ParentFit.NoSuchType)
            return WhyOtherType(hostdev, device, parent);
        if (fit!.Reason is { } unsuitable)
            return $"its parent '{parent.Name}' does not fit: {unsuitable}";
        if (parent.Dialect.TellsType)
            return device.Type == fit.Type?.Id ? null : device.Type is null ? "its type cannot be read" : $"it is not of the declared type, which is '{fit.Type?.Id}' there";
        return fit.Type is null ? null : "the 2016 interface does not tell its type";
    }

    /// <summary>A name from earlier proves nothing, but tells what to declare.</summary>
    private static string WhyOtherType(DeclaredHostdev hostdev, HostDevice device, Parent parent) =>
        device.Type is { } own && TypeMatch.Of(hostdev.Type!, parent.Dialect, parent.Seen).Types.Any(t => t.Id == own)
            ? $"no VF of its GPU tells the name of that type now; declare type='{own}', if this is what you want"
            : "it is not of the declared type";
}
