using System.Globalization;

namespace LibvirtMdevHook.Simulator;

/// <summary>A time as people write it: '3s', '200ms'.</summary>
internal static class Duration
{
    public static bool TryParse(string text, out TimeSpan time)
    {
        var (digits, unit) = ("", 0);
        if (text.EndsWith("ms", StringComparison.Ordinal))
            (digits, unit) = (text[..^2], 1);
        else if (text.EndsWith('s'))
            (digits, unit) = (text[..^1], 1000);
        var good = uint.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number);
        time = TimeSpan.FromMilliseconds((long)number * unit);
        return good;
    }
}
