using System.Collections.Immutable;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Planning;

/// <summary>Parents of one GPU and one kind, for one device.</summary>
/// <param name="Kind">The number of the kind.</param>
/// <param name="Parents">
/// In the order of their names, in which they are chosen: so those in use come first.
/// </param>
internal sealed record ParentGroup(int Kind, ImmutableArray<RankedParent> Parents)
{
    /// <summary>
    /// Devices with the same place use up its instances together: all of the kind, or only those of
    /// one type.
    /// </summary>
    public (SysfsName Gpu, int Kind, SysfsName? Type) Place
    {
        get
        {
            var first = Parents[0];
            return (first.Gpu, Kind, Capacity.SharesInstances(first.Parent) ? null : first.Type?.Id);
        }
    }

    /// <summary>The megabytes of the type; null where they are not known.</summary>
    public int? Size => Parents[0].Type is { } type ? TypeSize.Of(Parents[0].Parent, type) : null;

    /// <summary>
    /// A parent that takes devices of several sizes, each with its part of the framebuffer.
    /// </summary>
    public bool SharesFramebuffer => Size is not null && !Parents[0].Parent.IsVf;

    public static ImmutableArray<ParentGroup> Of(PlaceableDevice device, ParentKinds kinds) =>
    [
        .. device.Parents
            .GroupBy(p => (p.Gpu, Kind: kinds.OfParent(p.Name)))
            .Select(group => new ParentGroup(group.Key.Kind, [.. group])),
    ];

    /// <param name="used">The parents that other devices of the domain have.</param>
    /// <returns>The parents in use, and one that stands for the others.</returns>
    public IEnumerable<RankedParent> Distinct(HashSet<SysfsName> used)
    {
        foreach (var parent in Parents)
        {
            yield return parent;
            if (!used.Contains(parent.Name))
                yield break;
        }
    }

    /// <returns>How many devices the parents take together, if all are of this type.</returns>
    /// <param name="atMost">As many are enough.</param>
    public int Left(Capacity capacity, HashSet<SysfsName> used, int atMost)
    {
        var left = 0;
        for (var i = 0; i < Parents.Length && left < atMost; i++)
        {
            var onParent = LeftOn(Parents[i], capacity, atMost);
            if (!used.Contains(Parents[i].Name))
                return Math.Min(atMost, left + (onParent * (Parents.Length - i)));
            left += onParent;
        }

        return Math.Min(atMost, left);
    }

    private static int LeftOn(RankedParent parent, Capacity capacity, int atMost)
    {
        if (!capacity.HasRoomFor(parent.Parent, parent.Type))
            return 0;
        var left = parent.Type is null ? null : capacity.Left(parent.Parent, parent.Type);
        return Math.Min(atMost, left ?? atMost);
    }
}
