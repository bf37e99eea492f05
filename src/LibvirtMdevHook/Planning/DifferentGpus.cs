using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Planning;

/// <summary>
/// Gives each device of a domain a GPU of its own. No device then changes what another one finds on
/// its GPU, so this is a matching of devices with GPUs, which is exact and quick.
/// </summary>
internal static class DifferentGpus
{
    /// <param name="devices">In the order in which they get their parents.</param>
    /// <returns>
    /// The parent of each device, or null for a foreign one, which has its GPU already. Null in all
    /// when there is no GPU for each device.
    /// </returns>
    public static ImmutableArray<RankedParent?>? Choose(ImmutableArray<PlaceableDevice> devices, Placement placement, Capacity capacity)
    {
        var choices = devices.Select(d => RankedParent.InOrder(d.Parents, placement, capacity).DistinctBy(p => p.Gpu).ToArray()).ToArray();
        var numbers = new Dictionary<SysfsName, int>();
        var gpus = devices.Zip(choices, (device, parents) => NumbersOf(device, parents, numbers)).ToImmutableArray();
        if (Matching.Of(gpus, [.. Enumerable.Repeat(1, numbers.Count)]) is not { } matching)
            return null;
        var chosen = ImmutableArray.CreateBuilder<RankedParent?>(devices.Length);
        for (var i = 0; i < devices.Length; i++)
        {
            // The matching has a GPU for each device, so one of its GPUs can be fixed.
            var first = gpus[i].First(gpu => matching.TryFix(i, gpu));
            chosen.Add(devices[i].Foreign is null ? choices[i][gpus[i].IndexOf(first)] : null);
        }

        return chosen.MoveToImmutable();
    }

    /// <returns>The number of the foreign device's GPU, or of the GPU of each parent.</returns>
    private static ImmutableArray<int> NumbersOf(PlaceableDevice device, RankedParent[] parents, Dictionary<SysfsName, int> numbers)
    {
        SysfsName[] gpus = device.Foreign is { } foreign ? [foreign.Gpu] : [.. parents.Select(p => p.Gpu)];
        foreach (var gpu in gpus)
            numbers.TryAdd(gpu, numbers.Count);
        return [.. gpus.Select(gpu => numbers[gpu])];
    }
}
