using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Planning;

namespace LibvirtMdevHook.Reports;

/// <summary>
/// The VFs of one GPU in a listing for people: each VF with its type, the others together as far as
/// they are alike; then the types with the number of VFs that can take them.
/// </summary>
/// <param name="vfs">
/// All VFs of one GPU; only the GPU itself where they are not enabled.
/// </param>
/// <param name="isExcluded">Whether the configuration excludes a VF.</param>
internal sealed class ListedVfs(Host host, Capacity capacity, ImmutableArray<Parent> vfs, Func<Parent, bool> isExcluded)
{
    /// <param name="width">The width of the terminal; null where a line has any width.</param>
    public IEnumerable<string> Lines(int? width)
    {
        if (vfs[0].HasDisabledVfs)
            return Columns.Lines([[vfs[0].Reason!.Text]], "  ", width);
        // Of two types with one id, the one with a name is taken.
        var types = vfs.SelectMany(vf => vf.Types.Concat(vf.Seen)).OrderBy(t => t.Name is null).DistinctBy(t => t.Id);
        return Columns.Lines(States(), "  ", width).Concat(ListedType.Lines(types.Select(Listed), width));
    }

    /// <returns>Null for a VF without a type.</returns>
    public static string? CurrentType(Host host, Capacity capacity, Parent vf)
    {
        if (!PciAddress.TryParse(vf.Name.ToString(), out var address) || !host.Devices.TryGetValue(DeviceId.Vf(address), out var place))
            return null;
        return place.Type is { } type ? capacity.TitleOf(vf, type) : "its current_vgpu_type cannot be read";
    }

    /// <returns>The names of the first and the last of neighbours.</returns>
    public static string Range(IReadOnlyList<Parent> neighbours) =>
        neighbours.Count == 1 ? $"{neighbours[0].Name}" : $"{neighbours[0].Name} to {neighbours[^1].Name}";

    private List<string[]> States()
    {
        var rows = new List<string[]>();
        for (var begin = 0; begin < vfs.Length;)
        {
            var state = State(vfs[begin]);
            var end = begin + 1;
            while (end < vfs.Length && IsLikeOthers(vfs[begin]) && IsLikeOthers(vfs[end]) && State(vfs[end]) == state)
                end++;
            rows.Add([Range(vfs[begin..end]), Count(end - begin), state]);
            begin = end;
        }

        return rows;
    }

    /// <summary>Whether the VF may share a line with its neighbours: it has no type.</summary>
    private bool IsLikeOthers(Parent vf) => CurrentType(host, capacity, vf) is null;

    private string State(Parent vf)
    {
        var state = vf.Reason?.Text ?? CurrentType(host, capacity, vf) ?? "free";
        return isExcluded(vf) ? $"{state}, excluded by the configuration" : state;
    }

    private static string Count(int vfs) => vfs == 1 ? "" : $"{vfs} VFs";

    private ListedType Listed(MdevType type)
    {
        var open = vfs.Count(vf => vf.Types.Any(t => t.Id == type.Id && capacity.HasRoomFor(vf, t)));
        return open > 0
            ? new ListedType(type, $"can be set on {open} of {vfs.Length} VFs", null)
            : new ListedType(type, "", WhyOnNone(type));
    }

    /// <summary>
    /// A free VF says why it does not take the type now. One that lists it knows more than the
    /// others.
    /// </summary>
    private Reason WhyOnNone(MdevType type)
    {
        var free = vfs.Where(vf => CurrentType(host, capacity, vf) is null).ToArray();
        if (free.Length == 0)
            return new Reason("every VF has a type");
        foreach (var vf in free)
        {
            if (CapacityText.WhyFull(capacity, vf, vf.Types.FirstOrDefault(t => t.Id == type.Id)) is { } full)
                return full;
        }

        if (free[0].Reason is { } unreadable)
            return unreadable;
        var isKnown = free[0].Seen.Any(t => t.Id == type.Id);
        if (isKnown && CapacityText.WhyHidden(capacity, free[0], type.Id.ToString()) is { } hidden)
            return hidden;
        var running = CapacityText.Running(capacity, free[0]);
        return new Reason(running.Length > 0 ? $"it cannot be set beside {running}" : "it cannot be set now");
    }
}
