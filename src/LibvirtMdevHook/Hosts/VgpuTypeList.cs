using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>
/// The text of a VF's <c>creatable_vgpu_types</c>. Drivers write a header and <c>1145  : NVIDIA L40S-1B</c>, or the rows alone, or
/// <c>NVIDIA A40-2Q    558</c>; a VF that has a type, or whose GPU is full, has only the header or nothing at all.
/// </summary>
internal static partial class VgpuTypeList
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
        var match = IdFirst().Match(line) is { Success: true } first ? first : NameFirst().Match(line);
        return match.Success && IdOf(match.Groups["id"].Value) is { } id
            ? new MdevType(id, match.Groups["name"].Value, AvailableInstances: 1)
            : null;
    }

    [GeneratedRegex(@"^\s*(?<id>[0-9]+)\s*:\s*(?<name>\S.*?)\s*$")]
    private static partial Regex IdFirst();

    [GeneratedRegex(@"^\s*(?<name>\S.*?)(\s{2,}|\t)\s*(?<id>[0-9]+)\s*$")]
    private static partial Regex NameFirst();
}
