using System.Collections.Immutable;
using System.Globalization;

namespace LibvirtMdevHook.Domains;

/// <summary>
/// Sets of CPUs or NUMA nodes as libvirt and the kernel write them: <c>0-3,^2,8</c>.
/// </summary>
internal static class NumberSet
{
    private const int Maximum = 8191;

    /// <returns>Null when the text is no such set, or has a number above 8191.</returns>
    public static ImmutableSortedSet<int>? Parse(string? text)
    {
        var numbers = new bool[Maximum + 1];
        return text is not null && TryRead(text, numbers) ? Of(numbers) : null;
    }

    /// <returns>
    /// The numbers that are in any of the sets. A text that is no set adds nothing.
    /// </returns>
    public static ImmutableSortedSet<int> Union(IEnumerable<string> texts)
    {
        var all = new bool[Maximum + 1];
        var numbers = new bool[Maximum + 1];
        foreach (var text in texts)
        {
            numbers.AsSpan().Clear();
            if (!TryRead(text, numbers))
                continue;
            for (var number = 0; number <= Maximum; number++)
                all[number] |= numbers[number];
        }

        return Of(all);
    }

    /// <summary>
    /// Fills arrays and makes no sets: the text may repeat the widest range as often as a document
    /// has room for.
    /// </summary>
    private static bool TryRead(ReadOnlySpan<char> text, Span<bool> numbers)
    {
        foreach (var range in text.Split(','))
        {
            var part = text[range].Trim();
            var ends = part.TrimStart('^');
            var dash = ends.IndexOf('-');
            var begin = dash < 0 ? ends : ends[..dash];
            var end = ends[(dash + 1)..];
            if (!TryReadNumber(begin, out var first) || !TryReadNumber(end, out var last))
                return false;
            if (first <= last)
                numbers[first..(last + 1)].Fill(!part.StartsWith('^'));
        }

        return true;
    }

    private static ImmutableSortedSet<int> Of(bool[] numbers) =>
        [.. Enumerable.Range(0, numbers.Length).Where(number => numbers[number])];

    private static bool TryReadNumber(ReadOnlySpan<char> text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number <= Maximum;
}
