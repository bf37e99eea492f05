using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;

namespace LibvirtMdevHook.Planning;

/// <summary>
/// What a declared type means among the types of one parent. An exact id comes first, then an exact name, then a name that is spelled in
/// another way.
/// </summary>
/// <param name="Types">One type, none, or several whose names differ only in what does not count.</param>
internal sealed record TypeMatch(ImmutableArray<MdevType> Types)
{
    private const int NearMisses = 3;

    public static TypeMatch Of(string declared, Dialect dialect, ImmutableArray<MdevType> types)
    {
        var normal = TypeName.Normalise(declared);
        Func<MdevType, bool>[] tests =
        [
            type => dialect.IsId(declared, type.Id),
            type => type.Name == declared,
            type => TypeName.IsSpellingOf(type.Title, normal),
        ];
        foreach (var test in tests)
        {
            if (types.Where(test).ToImmutableArray() is { Length: > 0 } found)
                return new TypeMatch(found);
        }

        return new TypeMatch([]);
    }

    /// <returns>The titles of at most three types that may be meant, the nearest first.</returns>
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
                var replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                row[j] = Math.Min(Math.Min(above, row[j - 1]) + 1, replaced);
                diagonal = above;
            }
        }

        return row[^1];
    }
}
