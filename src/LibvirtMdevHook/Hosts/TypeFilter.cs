using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>
/// The types that are to be read from the host. Ids are names of folders, so they cost nothing.
/// Names are read only where not all declared texts are ids, and everything else only of types that
/// a declared text can mean.
/// </summary>
/// <param name="Declared">The declared names or ids; null to read all types.</param>
internal sealed record TypeFilter(ImmutableArray<string>? Declared)
{
    public static readonly TypeFilter All = new((ImmutableArray<string>?)null);

    /// <param name="ids">All ids of a parent.</param>
    /// <returns>The ids whose types must be read.</returns>
    public IEnumerable<SysfsName> Named(IReadOnlyList<SysfsName> ids)
    {
        if (Declared is not { } declared)
            return ids;
        return AreIds(declared, ids) ? ids.Where(id => declared.Any(text => TypeName.IsId(text, id.ToString()))) : ids;
    }

    /// <param name="read">The types of a parent whose ids <see cref="Named"/> has chosen.</param>
    /// <returns>Whether these are all types of the parent.</returns>
    public bool NamesAll(IEnumerable<MdevType> read) => Declared is not { } declared || !AreIds(declared, [.. read.Select(t => t.Id)]);

    public bool WantsDetails(SysfsName id, string? name) =>
        Declared is not { } declared || declared.Any(text => TypeName.CanMean(text, id.ToString(), name));

    private static bool AreIds(ImmutableArray<string> declared, IReadOnlyList<SysfsName> ids) =>
        declared.All(text => ids.Any(id => TypeName.IsId(text, id.ToString())));
}
