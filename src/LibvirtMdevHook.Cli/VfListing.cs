using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Planning;

namespace LibvirtMdevHook.Cli;

/// <summary>How the VFs of one GPU are listed: each VF with what it has, then the types with where they can be set.</summary>
internal static class VfListing
{
    /// <param name="vfs">All VFs of one GPU; only the GPU itself where they are not enabled.</param>
    /// <param name="isExcluded">Whether the configuration excludes one.</param>
    public static void Print(Host host, Occupancy occupancy, IReadOnlyList<Parent> vfs, Func<Parent, bool> isExcluded)
    {
        if (vfs[0].IsAsleep)
        {
            Console.WriteLine($"  {vfs[0].Trouble}");
            return;
        }

        Listing.Print([.. vfs.Select(vf => new[]
        {
            vf.Name.ToString(),
            (vf.Trouble ?? CurrentType(host, occupancy, vf) ?? "free") + (isExcluded(vf) ? ", excluded by the configuration" : ""),
        })], "  ");
        var types = vfs.SelectMany(vf => vf.Types.Concat(vf.Seen)).OrderBy(t => t.Name is null ? 1 : 0).DistinctBy(t => t.Id).OrderBy(t => t.Id);
        Listing.Print([.. types.Select(t => new[] { t.Id.ToString(), t.Name ?? "-", Where(occupancy, vfs, t) })], "  ");
    }

    /// <returns>Null for a VF without a type.</returns>
    public static string? CurrentType(Host host, Occupancy occupancy, Parent vf) =>
        PciAddress.TryParse(vf.Name.ToString(), out var address) && host.Devices.TryGetValue(DeviceId.Vf(address), out var place)
            ? place.Type is { } type ? occupancy.TitleOf(vf, type) : "its current_vgpu_type cannot be read"
            : null;

    private static string Where(Occupancy occupancy, IReadOnlyList<Parent> vfs, MdevType type)
    {
        var open = vfs.Count(vf => vf.Types.Any(t => t.Id == type.Id && occupancy.WhyFull(vf, t) is null));
        return open > 0 ? $"can be set on {open} of {vfs.Count} VFs"
            : occupancy.Running(vfs[0]) is { Length: > 0 } running ? $"cannot be set beside {running}"
            : "cannot be set now";
    }
}
