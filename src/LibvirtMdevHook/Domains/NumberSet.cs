using System.Collections.Immutable;
using System.Globalization;

namespace LibvirtMdevHook.Domains;

/// <summary>Sets of CPUs or NUMA nodes as libvirt and the kernel write them: <c>0-3,^2,8</c>.</summary>
internal static class NumberSet
{
    private const int Maximum = 8191;

    /// <returns>Null when the text is no such set; numbers beyond 8191 are none.</returns>
    public static ImmutableSortedSet<int>? Parse(string? text)
    {
        var numbers = ImmutableSortedSet.CreateBuilder<int>();
        foreach (var part in text?.Split(',', StringSplitOptions.TrimEntries) ?? [])
        {
            var isTaken = part.StartsWith('^');
            var ends = part.TrimStart('^').Split('-').Select(Number).ToArray();
            if (ends.Length is not (1 or 2) || ends.Contains(null))
                return null;
            for (var number = ends[0]!.Value; number <= ends[^1]!.Value; number++)
                _ = isTaken ? numbers.Remove(number) : numbers.Add(number);
        }

        return text is null ? null : numbers.ToImmutable();
    }

    private static int? Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= Maximum ? number : null;
}
