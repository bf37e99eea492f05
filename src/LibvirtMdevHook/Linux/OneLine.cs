namespace LibvirtMdevHook.Linux;

/// <summary>
/// Keeps a message on one line. Domain names and texts of drivers come from outside and may hold
/// line ends and other control characters.
/// </summary>
internal static class OneLine
{
    /// <returns>The text with '?' for every control character.</returns>
    public static string Of(string text) => string.Concat(text.Select(c => char.IsControl(c) ? '?' : c));
}
