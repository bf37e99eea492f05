using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Planning;

/// <summary>A device of a domain with the parents that fit it.</summary>
/// <param name="Foreign">
/// The claim on a device that exists and is not ours; null when a device is to be made.
/// </param>
/// <param name="Parents">In the order of their names; none for a foreign device.</param>
internal sealed record PlaceableDevice(DeclaredHostdev Hostdev, Claim? Foreign, ImmutableArray<RankedParent> Parents)
{
    public static PlaceableDevice Of(PlanInput input, Capacity capacity, DeviceCandidates device)
    {
        if (device.Foreign is not null)
            return new PlaceableDevice(device.Hostdev, device.Foreign, []);
        var parents = device.Candidates.Where(c => c.Fits).Select(c => RankedParent.Of(input, capacity, c)).OrderBy(p => p.Name);
        return new PlaceableDevice(device.Hostdev, null, [.. parents]);
    }

    /// <returns>
    /// The devices in the order in which they get their parents: foreign ones first, then those
    /// with the fewest parents.
    /// </returns>
    public static ImmutableArray<PlaceableDevice> Order(IEnumerable<PlaceableDevice> devices) =>
        [.. devices.OrderBy(d => d.Foreign is null).ThenBy(d => d.Parents.Length)];

    /// <returns>Null when the device cannot be on the GPU.</returns>
    public PlaceableDevice? On(SysfsName gpu)
    {
        if (Foreign is not null)
            return Foreign.Gpu == gpu ? this : null;
        var parents = Parents.RemoveAll(p => p.Gpu != gpu);
        return parents.IsEmpty ? null : this with { Parents = parents };
    }
}
