namespace LibvirtMdevHook.Reports;

/// <summary>
/// Orders names as people count: digits that follow each other are one number, so that
/// <c>L40S-4Q</c> comes before <c>L40S-16Q</c>.
/// </summary>
internal sealed class NaturalOrder : IComparer<string>
{
    public static readonly NaturalOrder Instance = new();

    private NaturalOrder()
    {
    }

    public int Compare(string? x, string? y)
    {
        var left = x.AsSpan();
        var right = y.AsSpan();
        while (left.Length > 0 && right.Length > 0)
        {
            var ours = First(left);
            var theirs = First(right);
            var order = CompareParts(ours, theirs);
            if (order != 0)
                return order;
            left = left[ours.Length..];
            right = right[theirs.Length..];
        }

        return left.Length - right.Length;
    }

    /// <returns>The number with which the text begins, or else its first character.</returns>
    private static ReadOnlySpan<char> First(ReadOnlySpan<char> text)
    {
        var length = text.IndexOfAnyExceptInRange('0', '9');
        if (length < 0)
            return text;
        return text[..Math.Max(length, 1)];
    }

    private static int CompareParts(ReadOnlySpan<char> one, ReadOnlySpan<char> other)
    {
        if (!char.IsAsciiDigit(one[0]) || !char.IsAsciiDigit(other[0]))
            return one[0] - other[0];
        one = one.TrimStart('0');
        other = other.TrimStart('0');
        return one.Length == other.Length ? one.SequenceCompareTo(other) : one.Length - other.Length;
    }
}
