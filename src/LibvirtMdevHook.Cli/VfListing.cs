using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Planning;

namespace LibvirtMdevHook.Cli;

/// <summary>
/// Lists the VFs of one GPU: first each VF with its type, then the types with the number of VFs
/// that can take them.
/// </summary>
internal static class VfListing
{
    /// <param name="vfs">
    /// All VFs of one GPU; only the GPU itself where they are not enabled.
    /// </param>
    /// <param name="isExcluded">Whether the configuration excludes a VF.</param>
    public static void Print(Host host, Capacity capacity, IReadOnlyList<Parent> vfs, Func<Parent, bool> isExcluded)
    {
        if (vfs[0].HasDisabledVfs)
        {
            Output.WriteLine($"  {vfs[0].Reason}");
            return;
        }

        var rows = new List<string[]>();
        foreach (var vf in vfs)
        {
            var excluded = isExcluded(vf) ? ", excluded by the configuration" : "";
            var state = vf.Reason?.Text ?? CurrentType(host, capacity, vf) ?? "free";
            rows.Add([vf.Name.ToString(), state + excluded]);
        }

        Listing.Print(rows, "  ");
        // Of two types with one id, the one with a name is taken.
        var types = vfs.SelectMany(vf => vf.Types.Concat(vf.Seen)).OrderBy(t => t.Name is null).DistinctBy(t => t.Id).OrderBy(t => t.Id);
        Listing.Print([.. types.Select(t => new[] { t.Id.ToString(), t.Name ?? "-", Where(capacity, vfs, t) })], "  ");
    }

    /// <returns>Null for a VF without a type.</returns>
    public static string? CurrentType(Host host, Capacity capacity, Parent vf)
    {
        if (!PciAddress.TryParse(vf.Name.ToString(), out var address) || !host.Devices.TryGetValue(DeviceId.Vf(address), out var place))
            return null;
        return place.Type is { } type ? capacity.TitleOf(vf, type) : "its current_vgpu_type cannot be read";
    }

    private static string Where(Capacity capacity, IReadOnlyList<Parent> vfs, MdevType type)
    {
        var open = vfs.Count(vf => vf.Types.Any(t => t.Id == type.Id && capacity.HasRoomFor(vf, t)));
        if (open > 0)
            return $"can be set on {open} of {vfs.Count} VFs";
        var running = CapacityText.Running(capacity, vfs[0]);
        return running.Length > 0 ? $"cannot be set beside {running}" : "cannot be set now";
    }
}
