using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>
/// Which types a reading of the host is for. Ids are folder names and cost nothing; names are read only where the ids do not already
/// answer, everything else only of types that a declared text can mean.
/// </summary>
/// <param name="Declared">The declared names or ids; null for a listing of everything.</param>
internal sealed record TypeFilter(ImmutableArray<string>? Declared)
{
    public static readonly TypeFilter All = new((ImmutableArray<string>?)null);

    /// <summary>Of all ids of a parent those whose name has to be read.</summary>
    public IEnumerable<SysfsName> Named(IReadOnlyList<SysfsName> ids) =>
        Declared is { } declared && declared.All(text => ids.Any(id => id.ToString() == text))
            ? ids.Where(id => declared.Contains(id.ToString()))
            : ids;

    public bool WantsDetails(SysfsName id, string? name) =>
        Declared is not { } declared || declared.Any(text => TypeName.CanMean(text, id.ToString(), name));
}
