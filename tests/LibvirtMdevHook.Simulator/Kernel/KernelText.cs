namespace LibvirtMdevHook.Simulator.Kernel;

/// <summary>Text as the kernel's parsers take it.</summary>
internal static class KernelText
{
    public const int UuidLength = 36;

    /// <summary>The first 36 characters as a UUID; the rest is ignored. Device names are in lower case.</summary>
    public static string? Uuid(string text)
    {
        if (text.Length < UuidLength)
            return null;
        for (var i = 0; i < UuidLength; i++)
        {
            if (i is 8 or 13 or 18 or 23 ? text[i] != '-' : !char.IsAsciiHexDigit(text[i]))
                return null;
        }

        return text[..UuidLength].ToLowerInvariant();
    }

    /// <summary>kstrtoul with base 0: decimal, 0x or octal, one newline at the end.</summary>
    public static ulong? Number(string text)
    {
        var digits = text.EndsWith('\n') ? text[..^1] : text;
        digits = digits.StartsWith('+') ? digits[1..] : digits;
        var radix = digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? 16 : digits.StartsWith('0') && digits.Length > 1 ? 8 : 10;
        digits = radix == 16 ? digits[2..] : digits;
        var value = UInt128.Zero;
        foreach (var c in digits)
        {
            var digit = char.IsAsciiHexDigit(c) ? Convert.ToInt32(c.ToString(), 16) : radix;
            value = (value * (uint)radix) + (uint)digit;
            if (digit >= radix || value > ulong.MaxValue)
                return null;
        }

        return digits.Length == 0 ? null : (ulong)value;
    }
}
