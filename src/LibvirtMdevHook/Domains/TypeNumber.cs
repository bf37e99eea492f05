using System.Globalization;

namespace LibvirtMdevHook.Domains;

/// <summary>
/// The number that NVIDIA's driver gives a type. A VF's attributes have it as <c>558</c>,
/// <c>nvidia-smi vgpu -s -v</c> prints it as <c>0x22e</c>, and the id of a mediated device's type
/// is <c>nvidia-558</c>.
/// </summary>
internal static class TypeNumber
{
    /// <summary>What stands before the number in an id.</summary>
    public const string IdPrefix = "nvidia-";

    private const string HexPrefix = "0x";

    /// <returns>
    /// The number in either spelling; null for any other text, and for 0, which means no type.
    /// </returns>
    public static uint? Parse(string? text) => ParseDecimal(text) ?? ParseHex(text);

    /// <returns>Null for a text without the prefix 0x, for any other text, and for 0.</returns>
    public static uint? ParseHex(string? text)
    {
        if (text is null || !text.StartsWith(HexPrefix, StringComparison.OrdinalIgnoreCase))
            return null;
        var digits = text.AsSpan(HexPrefix.Length);
        var isNumber = uint.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number);
        return isNumber && number != 0 ? number : null;
    }

    /// <summary><c>nvidia-558</c> for 558.</summary>
    public static string IdOf(uint number) => IdPrefix + number.ToString(CultureInfo.InvariantCulture);

    /// <returns>Null for a text that is no decimal number, and for 0.</returns>
    public static uint? ParseDecimal(string? text)
    {
        var isNumber = uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number);
        return isNumber && number != 0 ? number : null;
    }
}
