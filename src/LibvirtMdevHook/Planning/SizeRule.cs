using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Planning;

/// <summary>
/// The rule that one of NVIDIA's GPUs runs one framebuffer size at a time, as far as it is this
/// program's to apply. Whether another size fits beside devices that exist is the driver's to say:
/// some GPUs run several sizes (NVIDIA's vGPU guide, "mixed-size mode"), and parts of MIG instances
/// have sizes of their own.
/// </summary>
internal static class SizeRule
{
    /// <summary>Whether claims on the GPU are against one more device of the type.</summary>
    public static bool Forbids(Capacity capacity, Parent parent, MdevType type) => parent.Dialect == Dialect.Rfc2016
        ? OtherSize(capacity, parent, type) is not null
        : PendingOtherSize(capacity, parent, type) is not null;

    /// <summary>
    /// The driver counts the devices that exist. It knows nothing of a device that another domain
    /// is about to make.
    /// </summary>
    /// <returns>
    /// Another domain's claim of another size, whose device is not there yet, unless the GPU is
    /// seen to run several sizes; null for none, where the driver offers none of the type already,
    /// and in the 2016 interface.
    /// </returns>
    public static PendingClaim? PendingOtherSize(Capacity capacity, Parent parent, MdevType type)
    {
        if (parent.Dialect == Dialect.Rfc2016 || type.AvailableInstances is not > 0 || TypeSize.Of(parent, type) is not { } size)
            return null;
        var other = capacity.PendingOfOthers(parent.Gpu).FirstOrDefault(p => IsOther(parent, p.Claim, size));
        return other is null || RunsSeveral(capacity, parent, type, size) ? null : other;
    }

    /// <returns>
    /// A claimed type that explains why the driver offers none of another size; null where it does
    /// not, as on a GPU that is seen to run several.
    /// </returns>
    public static ClaimedType? SizeInUse(Capacity capacity, Parent parent, MdevType type)
    {
        if (TypeSize.Of(parent, type) is not { } size || RunsSeveral(capacity, parent, type, size))
            return null;
        return OtherSize(capacity, parent, type);
    }

    /// <summary>
    /// Whether the driver may refuse the type because another device of the same domain, which is
    /// made first, has another size. Which sizes a GPU runs side by side shows only once one runs:
    /// so this is no reason against the parent, but a reason to prefer another.
    /// </summary>
    public static bool MayNotMix(Capacity capacity, Parent parent, MdevType? type)
    {
        if (type is null || TypeSize.Of(parent, type) is not { } size)
            return false;
        return capacity.PendingOn(parent.Gpu).Any(claim => IsOther(parent, claim, size)) && !RunsSeveral(capacity, parent, type, size);
    }

    /// <returns>
    /// A claimed type of another size on the GPU, whether or not its device exists; null for none.
    /// </returns>
    private static ClaimedType? OtherSize(Capacity capacity, Parent parent, MdevType type) => TypeSize.Of(parent, type) is { } size
        ? capacity.ClaimsOn(parent.Gpu).FirstOrDefault(claim => IsOther(parent, claim, size))?.Type
        : null;

    /// <summary>
    /// Whether the GPU is seen to run several sizes: two run there, or one runs and the driver
    /// offers another.
    /// </summary>
    private static bool RunsSeveral(Capacity capacity, Parent parent, MdevType type, int size)
    {
        var running = capacity.DevicesOn(parent.Gpu).Select(device => TypeSize.Of(capacity, parent, device.Key, device.Value));
        var sizes = running.OfType<int>().ToHashSet();
        return sizes.Count > 1 || (sizes.Count == 1 && !sizes.Contains(size) && type.AvailableInstances > 0);
    }

    private static bool IsOther(Parent parent, Claim claim, int size) => TypeSize.Of(parent, claim.Type) is { } other && other != size;
}
