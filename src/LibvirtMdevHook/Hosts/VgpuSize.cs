using System.Globalization;
using System.Text.RegularExpressions;

namespace LibvirtMdevHook.Hosts;

/// <summary>
/// What the names of NVIDIA's types say, where sysfs says nothing: their last number is the framebuffer in gigabytes, rounded down, so that
/// what fits by its names fits.
/// </summary>
internal static partial class VgpuSize
{
    /// <returns>4 of <c>NVIDIA L40S-4Q</c>, 0 of <c>GRID M10-0B</c>; null where the name does not tell, as that of a part of a MIG instance (<c>A100-1-5C</c>).</returns>
    public static int? Of(string? name) =>
        name is not null && !IsOfMig(name) && Last().Match(name) is { Success: true } match
            ? int.Parse(match.Groups[1].Value, NumberStyles.None, CultureInfo.InvariantCulture)
            : null;

    /// <summary>Whether a type has a part of a MIG instance: a GPU offers such types alone while it is in MIG mode, and none otherwise.</summary>
    public static bool IsOfMig(string? name) => name is not null && OfMig().IsMatch(name);

    /// <param name="listed">What a VF lists while its GPU runs nothing: the largest type takes all of it.</param>
    /// <returns>The GPU's gigabytes; null where one of the types does not tell its own.</returns>
    public static int? OfGpu(IEnumerable<MdevType> listed)
    {
        var sizes = listed.Select(type => Of(type.Name)).ToArray();
        return sizes.Contains(null) ? null : sizes.Max();
    }

    [GeneratedRegex("-([0-9]{1,4})[A-Z][0-9]?$")]
    private static partial Regex Last();

    [GeneratedRegex("-[0-9]+-[0-9]+[A-Z]+[0-9]?$")]
    private static partial Regex OfMig();
}
