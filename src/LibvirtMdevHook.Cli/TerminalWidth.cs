using System.Globalization;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Cli;

/// <summary>How many columns a terminal has.</summary>
internal static class TerminalWidth
{
    /// <summary>The environment variable by which people set another width.</summary>
    private const string Variable = "COLUMNS";

    private const int Stdout = 1;

    /// <returns>
    /// What COLUMNS says if it is set, otherwise the width of the terminal at stdout; null when
    /// neither is known.
    /// </returns>
    public static int? OfStdout() => Parse(Environment.GetEnvironmentVariable(Variable)) ?? Ask();

    /// <returns>Null for a text that is no number of columns.</returns>
    public static int? Parse(string? text)
    {
        var isNumber = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var columns);
        return isNumber && columns > 0 ? columns : null;
    }

    private static unsafe int? Ask()
    {
        Libc.WindowSize size;
        var isKnown = Libc.ioctl(Stdout, Libc.TIOCGWINSZ, (int*)&size) == 0 && size.Columns > 0;
        return isKnown ? size.Columns : null;
    }
}
