using System.Globalization;
using System.Text.RegularExpressions;

namespace LibvirtMdevHook.Hosts;

/// <summary>
/// Reads from the names of NVIDIA's types what sysfs does not show: the last number in a name is
/// the framebuffer in gigabytes. It is rounded down, so a type that fits is never judged too large.
/// </summary>
internal static partial class VgpuSize
{
    /// <returns>
    /// 4 for <c>NVIDIA L40S-4Q</c>, 0 for <c>GRID M10-0B</c>; null where the name does not show the
    /// size, as in the name of a part of a MIG instance (<c>A100-1-5C</c>).
    /// </returns>
    public static int? Of(string? name)
    {
        if (name is null || IsOfMig(name) || Last().Match(name) is not { Success: true } match)
            return null;
        return int.Parse(match.Groups[1].Value, NumberStyles.None, CultureInfo.InvariantCulture);
    }

    /// <returns>
    /// True for a type that is a part of a MIG instance. A GPU offers only such types while it is
    /// in MIG mode, and none of them otherwise.
    /// </returns>
    public static bool IsOfMig(string? name) => name is not null && OfMig().IsMatch(name);

    /// <param name="listed">
    /// All types of a GPU's parent. The largest of them that is no part of a MIG instance takes the
    /// whole GPU.
    /// </param>
    /// <returns>The GPU's gigabytes; null where a type does not show its size.</returns>
    public static int? OfGpu(IEnumerable<MdevType> listed)
    {
        var sizes = listed.Where(type => !IsOfMig(type.Name)).Select(type => Of(type.Name)).ToArray();
        return sizes.Contains(null) ? null : sizes.Max();
    }

    [GeneratedRegex("-([0-9]{1,4})[A-Z][0-9]?$")]
    private static partial Regex Last();

    /// <summary>As people may write it too: in any case, and with '_' for '-'.</summary>
    [GeneratedRegex("[-_][0-9]+[-_][0-9]+[A-Z]+[0-9]?$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex OfMig();
}
