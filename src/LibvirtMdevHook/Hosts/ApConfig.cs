using System.Collections.Immutable;
using System.Globalization;
using LibvirtMdevHook.Domains;

namespace LibvirtMdevHook.Hosts;

/// <summary>
/// A value of <c>ap_config</c>, which sets all of a vfio_ap device at once
/// (Documentation/arch/s390/vfio-ap.rst): three masks in hexadecimal, of adapters, domains and
/// control domains. The leftmost bit is number 0. The kernel adds zeros on the right, and prints
/// all 256 bits.
/// </summary>
/// <param name="Masks">The numbers that each mask has.</param>
internal sealed record ApConfig(ImmutableArray<ImmutableSortedSet<ulong>> Masks)
{
    private const int MaximumDigits = 64;

    /// <returns>Whether the attribute is ap_config.</returns>
    public static bool IsNameOf(AttrName name) => name.ToString() == "ap_config";

    /// <returns>Null when the text is no value that the kernel takes.</returns>
    public static ApConfig? Parse(string text)
    {
        var masks = text.Split(',').Select(ParseMask).OfType<ImmutableSortedSet<ulong>>().ToImmutableArray();
        return masks.Length == 3 && text.Count(c => c == ',') == 2 ? new ApConfig(masks) : null;
    }

    /// <returns>Whether the masks have the same numbers, however they are written.</returns>
    public bool IsSameAs(ApConfig other) => Masks.Zip(other.Masks).All(pair => pair.First.SetEquals(pair.Second));

    private static ImmutableSortedSet<ulong>? ParseMask(string text)
    {
        var digits = text.Trim();
        if (digits.StartsWith("0x", StringComparison.Ordinal))
            digits = digits[2..];
        if (digits.Length is 0 or > MaximumDigits || !digits.All(char.IsAsciiHexDigit))
            return null;
        var numbers = ImmutableSortedSet.CreateBuilder<ulong>();
        for (var bit = 0; bit < digits.Length * 4; bit++)
        {
            var digit = int.Parse(digits.AsSpan(bit / 4, 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            if ((digit & (8 >> (bit % 4))) != 0)
                numbers.Add((ulong)bit);
        }

        return numbers.ToImmutable();
    }
}
