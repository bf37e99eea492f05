using System.Globalization;

namespace LibvirtMdevHook.Simulator;

/// <summary>A time as people write it: '3s', '200ms'.</summary>
internal static class Duration
{
    public static bool TryParse(string text, out TimeSpan time)
    {
        var (digits, unit) = text.EndsWith("ms", StringComparison.Ordinal) ? (text[..^2], 1)
            : text.EndsWith('s') ? (text[..^1], 1000)
            : ("", 0);
        var good = uint.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number);
        time = TimeSpan.FromMilliseconds((long)number * unit);
        return good;
    }
}
