using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Planning;

/// <summary>The claim on a device that is to be made on a chosen parent.</summary>
internal static class NewClaim
{
    public static Claim Of(PlanInput input, Capacity capacity, DeclaredHostdev hostdev, RankedParent chosen)
    {
        var parent = chosen.Parent;
        var type = chosen.Type is { } found
            ? new ClaimedType(found.Id, found.Name, found.Framebuffer, NotedGigabytes(capacity, parent))
            : null;
        return new Claim(
            hostdev.Device,
            parent.Name,
            parent.Gpu,
            parent.Dialect,
            type,
            hostdev.Attrs,
            parent.Dialect.Arguments(type?.Id, input.Domain.Uuid, hostdev.Args),
            hostdev.AttachedBy,
            Stage.Reserved);
    }

    /// <summary>Only the list of a VF stops showing it once devices run.</summary>
    private static int? NotedGigabytes(Capacity capacity, Parent parent) =>
        parent.Dialect == Dialect.Vf ? Framebuffer.GigabytesOf(capacity, parent) : null;
}
