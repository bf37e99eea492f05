namespace LibvirtMdevHook.Domains;

/// <summary>Lists of what was expected, as messages have them.</summary>
internal static class Alternatives
{
    /// <param name="words">At least one.</param>
    /// <returns><c>placement, numa or gpu</c>.</returns>
    public static string Of(string[] words) =>
        words.Length == 1 ? words[0] : $"{string.Join(", ", words[..^1])} or {words[^1]}";
}
