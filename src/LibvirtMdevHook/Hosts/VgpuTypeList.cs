using System.Collections.Immutable;
using System.Globalization;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>
/// The text of a VF's <c>creatable_vgpu_types</c>. Drivers write a header and <c>1145  : NVIDIA L40S-1B</c>, or the rows alone, or
/// <c>NVIDIA A40-2Q    558</c>; a VF that has a type, or whose GPU is full, has only the header or nothing at all.
/// </summary>
internal static class VgpuTypeList
{
    /// <returns>The types in the order of the text; what is no row is overlooked.</returns>
    public static ImmutableArray<MdevType> Parse(string text) =>
        [.. text.Split('\n').Select(Row).OfType<MdevType>().DistinctBy(type => type.Id)];

    /// <returns>The id of a number that a VF reads or lists; null for 0, which means none, and for what is no number.</returns>
    public static SysfsName? IdOf(string? number) =>
        uint.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value > 0
            ? SysfsName.Parse($"{MdevType.NvidiaPrefix}{value}")
            : null;

    private static MdevType? Row(string line)
    {
        var (number, name) = IdFirst(line.Trim()) ?? NameFirst(line.Trim()) ?? ("", "");
        return name.Length > 0 && IdOf(number) is { } id ? new MdevType(id, name, AvailableInstances: 1) : null;
    }

    private static (string Id, string Name)? IdFirst(string row)
    {
        var digits = row.AsSpan().IndexOfAnyExceptInRange('0', '9');
        return digits > 0 && row[digits..].TrimStart() is [':', .. var name] ? (row[..digits], name.Trim()) : null;
    }

    /// <summary>Between them at least two blanks, or a tab: a name may end with a number.</summary>
    private static (string Id, string Name)? NameFirst(string row)
    {
        var digits = row.AsSpan().LastIndexOfAnyExceptInRange('0', '9') + 1;
        var name = row[..digits].TrimEnd();
        return digits - name.Length >= 2 || row[..digits].EndsWith('\t') ? (row[digits..], name) : null;
    }
}
