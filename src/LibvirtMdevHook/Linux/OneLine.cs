namespace LibvirtMdevHook.Linux;

/// <summary>Domain names and what drivers print are text of others: a line of a log or a message stays a line.</summary>
internal static class OneLine
{
    /// <returns>The text with '?' for every control character.</returns>
    public static string Of(string text) => string.Concat(text.Select(c => char.IsControl(c) ? '?' : c));
}
