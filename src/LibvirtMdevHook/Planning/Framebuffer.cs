using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Planning;

/// <summary>
/// What is known of the framebuffer of one of NVIDIA's GPUs. The driver says how many more devices
/// of one type fit beside those that exist. It cannot say what fits beside a device that is still
/// to be made.
/// </summary>
/// <param name="Free">
/// The megabytes that the devices that exist leave, as far as this is known: never too many.
/// </param>
/// <param name="Claimed">The megabytes of the devices that are still to be made.</param>
/// <param name="HasClaims">A device is claimed that is still to be made.</param>
internal sealed record Framebuffer(int Free, int Claimed, bool HasClaims)
{
    /// <returns>
    /// Null for other vendors, in the 2016 interface, for types that are parts of MIG instances,
    /// and where too little is known.
    /// </returns>
    public static Framebuffer? Of(Capacity capacity, Parent parent)
    {
        var beside = Beside(capacity, parent).ToArray();
        if (FreeOn(capacity, parent, beside) is not { } free)
            return null;
        return new Framebuffer(free, beside.Sum(claim => TypeSize.Of(parent, claim.Type) ?? 0), beside.Length > 0);
    }

    /// <summary>
    /// Without claims beside it the driver's number is the truth. With claims, their sizes are
    /// added up, and more than the GPU has is refused. Where a size is not known, nothing is
    /// refused: the driver still decides before the guest starts.
    /// </summary>
    /// <returns>
    /// How many more devices of the type the GPU takes; null where that is not known.
    /// </returns>
    public static int? Left(Capacity capacity, Parent parent, MdevType type)
    {
        if (TypeSize.Of(parent, type) is not { } size || !Beside(capacity, parent).Any())
            return null;
        return Of(capacity, parent)?.MaximumOf(size);
    }

    /// <returns>
    /// The gigabytes of a VF's GPU, which its largest type takes. In the vf dialect a VF lists what
    /// fits, so its list shows that type only while nothing runs there, and otherwise a claim notes
    /// the size. Null where it is not known.
    /// </returns>
    public static int? GigabytesOf(Capacity capacity, Parent vf)
    {
        if (vf.Dialect == Dialect.Mdev)
            return vf.NamesAllTypes ? capacity.ListedGigabytes(vf) : null;
        if (capacity.IsIdle(vf.Gpu) && !capacity.IsBeingFreed(vf.Gpu))
            return capacity.ListedGigabytes(vf);
        return capacity.ClaimsOn(vf.Gpu).Max(c => c.Type?.GpuGigabytes);
    }

    /// <param name="size">The megabytes of one device.</param>
    /// <returns>
    /// How many more devices of the size the GPU takes at most. Without claims there is room for
    /// one, as the driver offers only what fits.
    /// </returns>
    public int MaximumOf(int size)
    {
        var left = Free - Claimed;
        if (left < 0)
            return HasClaims ? 0 : 1;
        var count = size == 0 ? int.MaxValue : left / size;
        return HasClaims ? count : Math.Max(1, count);
    }

    /// <summary>
    /// A whole GPU tells for each type how many more fit, a VF only whether one does. There the
    /// names tell how much the GPU has, and how much of that is in use.
    /// </summary>
    private static int? FreeOn(Capacity capacity, Parent parent, Claim[] beside)
    {
        if (!parent.IsNvidias || parent.Dialect == Dialect.Rfc2016)
            return null;
        if (!parent.IsVf)
            return parent.Types.Max(type => type.AvailableInstances * TypeSize.Of(parent, type));
        if (GigabytesOf(capacity, parent) is not { } gigabytes)
            return null;
        var claimed = beside.Select(claim => claim.NameThere).ToHashSet();
        var existing = capacity.DevicesOn(parent.Gpu).Where(device => !claimed.Contains(device.Key));
        var used = existing.Sum(device => TypeSize.Of(capacity, parent, device.Key, device.Value) ?? 0);
        return (gigabytes * TypeSize.Gigabyte) - used;
    }

    /// <summary>
    /// The claims on the GPU whose device is still to be made. One on a VF takes that VF, and so
    /// stands beside no other device there.
    /// </summary>
    private static IEnumerable<Claim> Beside(Capacity capacity, Parent parent) =>
        capacity.PendingOn(parent.Gpu).Where(claim => !parent.IsVf || claim.Parent != parent.Name);
}
