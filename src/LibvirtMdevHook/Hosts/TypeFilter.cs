using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>
/// The types that are to be read from the host. Ids are names of folders, so they cost nothing.
/// Names are read only where the one declared text is no id, and everything else only of types that
/// a declared text can mean. Of several types the sizes may have to be compared with what the GPU
/// has, which the names tell.
/// </summary>
/// <param name="Declared">The declared names or ids; none to read no type, null to read all.</param>
internal sealed record TypeFilter(ImmutableArray<string>? Declared)
{
    public static readonly TypeFilter All = new((ImmutableArray<string>?)null);

    /// <param name="ids">All ids of a parent.</param>
    /// <returns>The ids whose types must be read.</returns>
    public IEnumerable<SysfsName> Named(IReadOnlyList<SysfsName> ids)
    {
        if (Declared is not { } declared)
            return ids;
        if (declared.IsEmpty)
            return [];
        return IsOneId(declared, ids) ? ids.Where(id => TypeName.IsId(declared[0], id.ToString())) : ids;
    }

    /// <param name="read">The types of a parent whose ids <see cref="Named"/> has chosen.</param>
    /// <returns>Whether these are all types of the parent.</returns>
    public bool NamesAll(IEnumerable<MdevType> read) => Declared is not { } declared || !IsOneId(declared, read.Select(t => t.Id));

    public bool WantsDetails(SysfsName id, string? name) =>
        Declared is not { } declared || declared.Any(text => TypeName.CanMean(text, id.ToString(), name));

    private static bool IsOneId(ImmutableArray<string> declared, IEnumerable<SysfsName> ids) =>
        declared is [var text] && ids.Any(id => TypeName.IsId(text, id.ToString()));
}
