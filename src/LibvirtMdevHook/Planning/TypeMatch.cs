using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;

namespace LibvirtMdevHook.Planning;

/// <summary>What a declared type means among the types of one parent: its exact id, then its exact name, then its name but for spelling.</summary>
/// <param name="Types">One where it is clear; none; or several that differ only in what does not count.</param>
internal sealed record TypeMatch(ImmutableArray<MdevType> Types)
{
    private const int NearMisses = 3;

    public static TypeMatch Of(string declared, Dialect dialect, ImmutableArray<MdevType> types)
    {
        var normal = TypeName.Normalise(declared);
        Func<MdevType, bool>[] steps =
        [
            type => dialect.IsId(declared, type.Id),
            type => type.Name == declared,
            type => TypeName.IsSpellingOf(type.Title, normal),
        ];
        return new TypeMatch(steps.Select(step => types.Where(step).ToImmutableArray()).FirstOrDefault(found => found.Length > 0, []));
    }

    /// <returns>The titles of at most three types that were perhaps meant, the nearest first.</returns>
    public static ImmutableArray<string> Near(string declared, IEnumerable<MdevType> types)
    {
        var wanted = TypeName.Normalise(declared);
        return
        [
            .. types.Select(t => t.Title).Distinct()
                .Select(title => (Title: title, Distance: Distance(wanted, TypeName.Normalise(title))))
                .Where(t => t.Distance <= Math.Max(2, wanted.Length / 3))
                .OrderBy(t => t.Distance).ThenBy(t => t.Title, StringComparer.Ordinal)
                .Take(NearMisses).Select(t => t.Title),
        ];
    }

    /// <summary>Levenshtein's distance.</summary>
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }

        return row[^1];
    }
}
