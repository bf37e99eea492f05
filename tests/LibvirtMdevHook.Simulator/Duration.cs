using System.Globalization;

namespace LibvirtMdevHook.Simulator;

/// <summary>A time as people write it: '3s', '200ms'.</summary>
internal static class Duration
{
    public static bool TryParse(string text, out TimeSpan time)
    {
        var (digits, unit) = text.EndsWith("ms", StringComparison.Ordinal) ? (text[..^2], 1) : (text.TrimEnd('s'), 1000);
        var good = text.EndsWith('s') & double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number);
        time = TimeSpan.FromMilliseconds(number * unit);
        return good;
    }
}
