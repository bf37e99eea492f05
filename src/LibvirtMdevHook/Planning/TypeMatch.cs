using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;

namespace LibvirtMdevHook.Planning;

/// <summary>
/// What a declared type means among the types of one parent. An exact id comes first, then an exact
/// name, then a name that is spelled in another way.
/// </summary>
/// <param name="Types">
/// One type, none, or several whose names differ only in what does not count.
/// </param>
internal sealed record TypeMatch(ImmutableArray<MdevType> Types)
{
    private const int NearMisses = 3;

    public static TypeMatch Of(string declared, Dialect dialect, ImmutableArray<MdevType> types)
    {
        var normal = TypeName.Normalise(declared);
        Func<MdevType, bool>[] tests =
        [
            type => dialect.IsId(declared, type.Id),
            type => TypeName.IsName(declared, type.Id.ToString(), type.Name),
            type => TypeName.IsSpellingOf(type.Id.ToString(), type.Name, normal),
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
            .. types.DistinctBy(t => t.Title)
                .Select(type => (type.Title, Distance: Distance(wanted, type)))
                .Where(t => t.Distance <= Math.Max(2, wanted.Length / 3))
                .OrderBy(t => t.Distance).ThenBy(t => t.Title, StringComparer.Ordinal)
                .Take(NearMisses).Select(t => t.Title),
        ];
    }

    /// <returns>
    /// The type whose number a declared number can be, where a number alone is no id.
    /// </returns>
    public static MdevType? OfNumber(string declared, IEnumerable<MdevType> types) => TypeNumber.ParseDecimal(declared) is { } number
        ? types.FirstOrDefault(type => type.Id.ToString() == TypeNumber.IdOf(number))
        : null;

    /// <summary>
    /// The distance to the name, or to the id where it is more than a number: people write a name
    /// with or without the driver's.
    /// </summary>
    private static int Distance(string wanted, MdevType type)
    {
        var id = type.Id.ToString();
        var toName = EditDistance.Of(wanted, TypeName.Normalise(type.Title));
        var rest = TypeName.WithoutDriver(id);
        if (rest == id)
            return toName;
        var toId = Math.Min(EditDistance.Of(wanted, TypeName.Normalise(id)), EditDistance.Of(wanted, TypeName.Normalise(rest)));
        return Math.Min(toName, toId);
    }
}
