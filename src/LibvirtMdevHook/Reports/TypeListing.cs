using System.Collections.Immutable;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Planning;

namespace LibvirtMdevHook.Reports;

/// <summary>
/// What 'virt-mdev types' lists for people: the parents of this host, with those together that
/// offer the same, and below them their types.
/// </summary>
/// <param name="isExcluded">Whether the configuration excludes a parent.</param>
/// <param name="width">The width of the terminal; null where a line has any width.</param>
internal sealed class TypeListing(Host host, Capacity capacity, Func<Parent, bool> isExcluded, int? width)
{
    public IEnumerable<string> Lines()
    {
        if (host.Parents.IsEmpty)
            return ["No parent of mediated devices is on this host; load the vendor's driver."];
        var lines = Enumerable.Empty<string>();
        var parents = host.Parents.GroupBy(p => p.Dialect == Dialect.Vf ? p.Gpu : p.Name).Select(g => g.ToImmutableArray()).ToArray();
        for (var begin = 0; begin < parents.Length;)
        {
            var end = begin + 1;
            while (end < parents.Length && AreAlike(parents[begin], parents[end]))
                end++;
            lines = lines.Concat(Lines([.. parents[begin..end].SelectMany(p => p)]));
            begin = end;
        }

        return lines;
    }

    private IEnumerable<string> Lines(ImmutableArray<Parent> alike)
    {
        var first = alike[0];
        var header = Columns.Lines([[Header(alike)]], "", width);
        return header.Concat(first.Dialect == Dialect.Vf
            ? new ListedVfs(host, capacity, alike, isExcluded).Lines(width)
            : Body(first, alike.Length > 1));
    }

    private string Header(ImmutableArray<Parent> alike)
    {
        var (first, isOfPf) = (alike[0], alike[0].IsVf);
        if (first.Dialect == Dialect.Vf)
            return $"{first.Gpu}  {first.Dialect.Name}";
        var names = isOfPf ? ListedVfs.Range(alike) : string.Join(", ", alike.Select(p => p.Name));
        var count = alike.Length == 1 ? "a VF" : $"{alike.Length} VFs";
        var header = isOfPf ? $"{names}  {first.Dialect.Name}  {count} of {first.Gpu}" : $"{names}  {first.Dialect.Name}";
        return isExcluded(first) ? $"{header}  excluded by the configuration" : header;
    }

    private IEnumerable<string> Body(Parent parent, bool ofEach)
    {
        var rows = new List<string[]>();
        if (parent.Reason is { } unreadable)
            rows.Add([unreadable.Text]);
        if (!parent.HasTypes)
            rows.Add(["no predefined types: declare this parent without a type"]);
        var types = parent.Types.Select(type => ListedType.On(parent, type, capacity, ofEach));
        var all = types.Concat(ListedType.HiddenOn(parent, capacity));
        return Columns.Lines(rows, "  ", width).Concat(ListedType.Lines(all, width));
    }

    /// <summary>
    /// Whether two parents can be listed as one: VFs of one PF, or whole devices, that offer the
    /// same.
    /// </summary>
    private bool AreAlike(ImmutableArray<Parent> some, ImmutableArray<Parent> others)
    {
        var (one, other) = (some[0], others[0]);
        if (one.Dialect == Dialect.Vf || one.Dialect != other.Dialect || isExcluded(one) != isExcluded(other))
            return false;
        var areVfs = one.IsVf;
        if (areVfs != other.IsVf || (areVfs && one.Gpu != other.Gpu))
            return false;
        return Body(one, ofEach: false).SequenceEqual(Body(other, ofEach: false));
    }
}
