using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Planning;

namespace LibvirtMdevHook.Cli;

/// <summary>How the VFs of one GPU are listed: each VF with what it has, then the types with where they can be set.</summary>
internal static class VfListing
{
    /// <param name="vfs">All VFs of one GPU; only the GPU itself where they are not enabled.</param>
    /// <param name="isExcluded">Whether the configuration excludes one.</param>
    public static void Print(Host host, Capacity capacity, IReadOnlyList<Parent> vfs, Func<Parent, bool> isExcluded)
    {
        if (vfs[0].HasDisabledVfs)
        {
            Console.WriteLine($"  {vfs[0].Reason}");
            return;
        }

        Listing.Print([.. vfs.Select(vf => new[]
        {
            vf.Name.ToString(),
            (vf.Reason ?? CurrentType(host, capacity, vf) ?? "free") + (isExcluded(vf) ? ", excluded by the configuration" : ""),
        })], "  ");
        var types = vfs.SelectMany(vf => vf.Types.Concat(vf.Seen)).OrderBy(t => t.Name is null ? 1 : 0).DistinctBy(t => t.Id).OrderBy(t => t.Id);
        Listing.Print([.. types.Select(t => new[] { t.Id.ToString(), t.Name ?? "-", Where(capacity, vfs, t) })], "  ");
    }

    /// <returns>Null for a VF without a type.</returns>
    public static string? CurrentType(Host host, Capacity capacity, Parent vf) =>
        PciAddress.TryParse(vf.Name.ToString(), out var address) && host.Devices.TryGetValue(DeviceId.Vf(address), out var place)
            ? place.Type is { } type ? capacity.TitleOf(vf, type) : "its current_vgpu_type cannot be read"
            : null;

    private static string Where(Capacity capacity, IReadOnlyList<Parent> vfs, MdevType type)
    {
        var open = vfs.Count(vf => vf.Types.Any(t => t.Id == type.Id && capacity.WhyFull(vf, t) is null));
        return open > 0 ? $"can be set on {open} of {vfs.Count} VFs"
            : capacity.Running(vfs[0]) is { Length: > 0 } running ? $"cannot be set beside {running}"
            : "cannot be set now";
    }
}
