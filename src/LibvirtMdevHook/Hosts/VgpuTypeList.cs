using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>
/// The text of a VF's <c>creatable_vgpu_types</c>. Some drivers write a header and rows such as
/// <c>1145  : NVIDIA L40S-1B</c>, some the rows alone, and some rows such as
/// <c>NVIDIA A40-2Q    558</c>. A VF that has a type, or whose GPU is full, shows only the header
/// or nothing at all.
/// </summary>
internal static class VgpuTypeList
{
    /// <returns>The types in the order of the text. Lines that are no rows are ignored.</returns>
    public static ImmutableArray<MdevType> Parse(string text) =>
        [.. text.Split('\n').Select(Row).OfType<MdevType>().DistinctBy(type => type.Id)];

    /// <returns>
    /// The id of the type with a number that a VF shows; null for 0, which means no type, and for a
    /// text that is no number.
    /// </returns>
    public static SysfsName? IdOf(string? number) =>
        TypeNumber.ParseDecimal(number) is { } value ? SysfsName.Parse(TypeNumber.IdOf(value)) : null;

    private static MdevType? Row(string line)
    {
        var row = line.Trim();
        if ((NumberFirst(row) ?? NameFirst(row)) is not (var number, { Length: > 0 } name))
            return null;
        if (IdOf(number) is not { } id)
            return null;
        return new MdevType(id, name, AvailableInstances: 1);
    }

    private static (string Number, string Name)? NumberFirst(string row)
    {
        var length = row.AsSpan().IndexOfAnyExceptInRange('0', '9');
        if (length <= 0 || row[length..].TrimStart() is not [':', .. var name])
            return null;
        return (row[..length], name.Trim());
    }

    /// <summary>
    /// A name may end with a number, so at least two blanks or a tab must separate the two.
    /// </summary>
    private static (string Number, string Name)? NameFirst(string row)
    {
        var start = row.AsSpan().LastIndexOfAnyExceptInRange('0', '9') + 1;
        var name = row[..start].TrimEnd();
        if (start - name.Length < 2 && !row[..start].EndsWith('\t'))
            return null;
        return (row[start..], name);
    }
}
