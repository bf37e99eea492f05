using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Planning;

/// <summary>The sentences about a parent that is full, or that does not offer a type now.</summary>
internal static class CapacityText
{
    private const string OneSize = "; use a VF of another GPU, or let this one run sizes side by side: "
        + "'nvidia-smi vgpu -shm 1', while none of its VFs has a type";

    private const string NoTypeAtAll = "it offers no type; are NVIDIA's daemons up, and in MIG mode, are there GPU instances?";

    /// <returns>Why no device of the type can be made on the parent; null when one can.</returns>
    public static Reason? WhyFull(Capacity capacity, Parent parent, MdevType? type)
    {
        if (type is null || capacity.HasRoomFor(parent, type))
            return null;
        if (SizeRule.PendingOtherSize(capacity, parent, type) is { } pending)
            return OfPending(pending);
        if (IsUsedVf(capacity, parent))
            return "a VF takes one device, and this one has it already";
        if (VgpuSize.IsOfMig(type.Name))
            return $"no GPU instance is left{Beside(capacity, parent)}; {GpuInstances(parent)}";
        if (SizeRule.SizeInUse(capacity, parent, type) is { } other)
            return $"another size is in use ('{other.Title}'{Size(other)})";
        return $"no instance is left{Beside(capacity, parent)}";
    }

    /// <returns>
    /// Why a parent that may hide types does not show the declared one; null when it has no such
    /// type.
    /// </returns>
    public static Reason? WhyHidden(Capacity capacity, Parent parent, string declared)
    {
        if (!parent.Dialect.HidesTypes)
            return null;
        if (TypeMatch.Of(declared, parent.Dialect, parent.Seen).Types is [var seen, ..])
            return WhySeenIsHidden(capacity, parent, seen);
        var beside = Beside(capacity, parent);
        if (parent.Types.All(type => type.AvailableInstances == 0))
            return beside.Length > 0 ? $"it offers no type now{beside}" : NoTypeAtAll;
        if (beside.Length > 0 && parent.Dialect == Dialect.Vf)
            return $"it offers no such type now{beside}, nor is one known from earlier ('virt-mdev types'){OneSize}";
        return null;
    }

    /// <returns>
    /// What is on the parent, such as <c>2 x 'GRID M60-2Q'</c>; empty when nothing is there, or no
    /// type of it is known.
    /// </returns>
    public static string Running(Capacity capacity, Parent parent)
    {
        var counts = capacity.TypesOn(parent).CountBy(id => id).OrderBy(count => count.Key);
        return string.Join(", ", counts.Select(count => $"{count.Value} x '{capacity.TitleOf(parent, count.Key)}'"));
    }

    /// <summary>
    /// A VF that is a parent, and has its device: what its GPU has left is not the reason then.
    /// </summary>
    private static bool IsUsedVf(Capacity capacity, Parent parent) =>
        parent.Dialect == Dialect.Mdev && parent.IsVf
        && capacity.DevicesOn(parent.Gpu).Any(device => device.Value.Parent == parent.Name);

    /// <param name="seen">A type that the parent's GPU showed earlier.</param>
    private static Reason WhySeenIsHidden(Capacity capacity, Parent parent, MdevType seen)
    {
        var beside = Beside(capacity, parent);
        if (VgpuSize.IsOfMig(seen.Name))
            return $"no GPU instance is left for its type '{seen.Title}' ({seen.Id}){beside}; {GpuInstances(parent)}";
        if (capacity.Runs(parent.Gpu, seen.Id))
            return $"no instance of its type '{seen.Title}' ({seen.Id}) is left{beside}";
        var remedy = beside.Length > 0 && parent.Dialect == Dialect.Vf ? OneSize : "";
        return $"it does not offer its type '{seen.Title}' ({seen.Id}) now{beside}{remedy}";
    }

    private static string OfPending(PendingClaim pending)
    {
        var type = pending.Claim.Type!;
        var what = $"another size ('{type.Title}'{Size(type)})";
        return pending.IsReservation
            ? $"{what} is reserved on its GPU for the domain '{pending.Record.Name}', which may be coming here; try again in a minute"
            : $"the domain '{pending.Record.Name}' is starting with {what} on its GPU; "
                + "if its start was broken off, 'virt-mdev reconcile --apply' takes down what it left";
    }

    private static string Size(ClaimedType type) => type.Framebuffer is null ? "" : $", {type.Framebuffer}";

    private static string GpuInstances(Parent parent) =>
        $"'nvidia-smi mig -lgi' lists those of '{parent.Gpu}', and 'nvidia-smi mig -cgi PROFILE -C' creates one";

    private static string Beside(Capacity capacity, Parent parent) =>
        Running(capacity, parent) is { Length: > 0 } running ? $" beside {running}" : "";
}
