namespace LibvirtMdevHook.Domains;

/// <summary>How a declared type is compared with the names of types: case, blanks, underscores, hyphens and a vendor's word in front do not count.</summary>
internal static class TypeName
{
    /// <returns><c>GRID M60-4Q</c>, <c>nvidia m60_4q</c> and <c>M604Q</c> all become <c>m604q</c>.</returns>
    public static string Normalise(string name)
    {
        var text = name.Trim().ToLowerInvariant();
        // 'nvidia-18' is a type id: there the hyphen binds.
        text = Without(Without(text, "grid", " _-"), "nvidia", " _");
        return string.Concat(text.Where(c => !char.IsWhiteSpace(c) && c is not ('_' or '-')));
    }

    /// <summary>Whether the declared text can mean a type of this id and name.</summary>
    public static bool CanMean(string declared, string id, string? name) =>
        declared == id || declared == name || Normalise(declared) == Normalise(name ?? id);

    private static string Without(string text, string word, string separators) =>
        text.StartsWith(word, StringComparison.Ordinal) && text.Length > word.Length && separators.Contains(text[word.Length], StringComparison.Ordinal)
            ? text[(word.Length + 1)..]
            : text;
}
