using System.Collections.Immutable;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Planning;

/// <summary>
/// Whether devices could have enough instances, if nothing but the number of instances and the
/// framebuffer counted. When the answer is no, they do not fit; when it is yes, another rule may
/// still be against it.
/// </summary>
internal static class RoomCheck
{
    /// <param name="devices">The groups of parents of each device.</param>
    /// <param name="capacity">What is left for them.</param>
    /// <param name="used">The parents that other devices of the domain have.</param>
    public static bool IsEnoughFor(ImmutableArray<ImmutableArray<ParentGroup>> devices, Capacity capacity, HashSet<SysfsName> used)
    {
        var places = new Dictionary<(SysfsName, int, SysfsName?), int>();
        var left = new List<int>();
        var placesOf = ImmutableArray.CreateBuilder<ImmutableArray<int>>(devices.Length);
        var smallest = devices.SelectMany(groups => groups).Min(group => group.Size ?? 0);
        foreach (var groups in devices)
        {
            var own = ImmutableArray.CreateBuilder<int>();
            foreach (var group in groups)
            {
                var count = CountOn(group, capacity, used, smallest, devices.Length);
                if (count == 0)
                    continue;
                if (places.TryAdd(group.Place, places.Count))
                    left.Add(0);
                var place = places[group.Place];
                left[place] = Math.Max(left[place], count);
                own.Add(place);
            }

            placesOf.Add(own.ToImmutable());
        }

        return Matching.Of(placesOf.MoveToImmutable(), [.. left]) is not null;
    }

    /// <param name="smallest">
    /// The megabytes of the smallest device; 0 where a size is not known.
    /// </param>
    /// <param name="atMost">As many are enough.</param>
    private static int CountOn(ParentGroup group, Capacity capacity, HashSet<SysfsName> used, int smallest, int atMost)
    {
        var left = group.Left(capacity, used, atMost);
        var byFramebuffer = Math.Min(atMost, ByFramebuffer(group, capacity, used, smallest));
        // Of several types together there may be more than of one.
        return left > 0 && group.SharesFramebuffer ? byFramebuffer : Math.Min(left, byFramebuffer);
    }

    private static int ByFramebuffer(ParentGroup group, Capacity capacity, HashSet<SysfsName> used, int smallest)
    {
        if (smallest == 0)
            return int.MaxValue;
        var unused = group.Distinct(used).Last().Parent;
        return Framebuffer.Of(capacity, unused)?.MaximumOf(smallest) ?? int.MaxValue;
    }
}
