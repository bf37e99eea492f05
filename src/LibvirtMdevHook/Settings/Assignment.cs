using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Settings;

/// <summary>
/// One <c>key = value</c> of the configuration, or what stands in the place of one.
/// </summary>
/// <param name="Line">
/// The line on which it begins; the line of the mistake, where it has one.
/// </param>
/// <param name="Key">Empty when there is no key.</param>
/// <param name="Source">
/// The value as it is written, or all that stands there when there is no key.
/// </param>
/// <param name="Value">Null when it cannot be read.</param>
/// <param name="Mistake">What is wrong with the grammar; null when nothing is.</param>
internal sealed record Assignment(int Line, string Key, string Source, SettingValue? Value, Reason? Mistake)
{
    private const int LongestShown = 200;

    /// <summary>The value for messages.</summary>
    public string Shown => Short(Source);

    /// <returns>For messages: the text on one line of a bounded length.</returns>
    public static string Short(string text)
    {
        var line = string.Join(' ', text.Split((char[])[' ', '\t', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= LongestShown ? line : $"{line[..LongestShown]}...";
    }
}
