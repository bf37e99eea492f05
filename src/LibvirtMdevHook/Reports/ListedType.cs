using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Planning;

namespace LibvirtMdevHook.Reports;

/// <summary>A type of a parent, or of the VFs of one GPU, in a listing for people.</summary>
/// <param name="Available">
/// How many devices of the type can be made now, in words; empty where none can.
/// </param>
/// <param name="WhyNot">Why none can be made now, as a clause; null when one can.</param>
internal sealed record ListedType(MdevType Type, string Available, Reason? WhyNot)
{
    /// <summary>
    /// The reason without what it says of this type alone, so that several types can share it.
    /// </summary>
    private string SharedReason =>
        WhyNot!.Text.Replace($"its type '{Type.Title}' ({Type.Id})", "these types", StringComparison.Ordinal);

    /// <param name="ofEach">Whether the parent is listed together with others like it.</param>
    public static ListedType On(Parent parent, MdevType type, Capacity capacity, bool ofEach)
    {
        if (CapacityText.WhyFull(capacity, parent, type) is { } full)
            return new ListedType(type, "", full);
        var left = capacity.Left(parent, type);
        var count = left is null ? "any number" : $"{left}";
        return new ListedType(type, $"{count} available{(ofEach ? " on each" : "")}", null);
    }

    /// <returns>
    /// The types that the parent's GPU showed earlier and the parent does not offer now. None where
    /// its types cannot be read.
    /// </returns>
    public static IEnumerable<ListedType> HiddenOn(Parent parent, Capacity capacity)
    {
        if (parent.Reason is not null)
            return [];
        return parent.Seen.Select(type => new ListedType(type, "", CapacityText.WhyHidden(capacity, parent, type.Id.ToString())));
    }

    /// <summary>
    /// First the types that can be had now, in the order in which people count; then the others,
    /// below the reason that they share.
    /// </summary>
    /// <param name="width">The width of the terminal; null where a line has any width.</param>
    public static IEnumerable<string> Lines(IEnumerable<ListedType> types, int? width)
    {
        var sorted = types.OrderBy(t => t.Type.Title, NaturalOrder.Instance).ThenBy(t => t.Type.Id).ToLookup(t => t.WhyNot is null);
        var lines = Columns.Lines([.. sorted[true].Select(t => t.Cells())], "  ", width);
        foreach (var group in sorted[false].GroupBy(t => t.SharedReason))
        {
            var reason = group.Count() == 1 ? group.First().WhyNot!.Text : group.Key;
            lines = lines.Concat(Columns.Lines([[$"not available: {reason}"]], "  ", width));
            lines = lines.Concat(Columns.Lines([.. group.Select(t => t.Cells())], "    ", width));
        }

        return lines;
    }

    /// <summary>
    /// The name comes first, as people read names; of a type without one, the id is in its place.
    /// </summary>
    private string[] Cells()
    {
        var id = Type.Id.ToString();
        return [Type.Title, id == Type.Title ? "" : id, Available, TypeDetails.Of(Type)];
    }
}
