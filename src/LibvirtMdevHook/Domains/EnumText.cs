using System.Diagnostics.CodeAnalysis;

namespace LibvirtMdevHook.Domains;

/// <summary>The words of the declaration, the configuration and the records for the values of our enumerations, each once.</summary>
internal static class EnumText
{
    /// <returns><c>BreadthFirst</c> becomes <c>breadth-first</c>.</returns>
    public static string Of<T>(T value) where T : struct, Enum =>
        string.Concat(value.ToString().Select((c, i) => char.IsUpper(c) ? $"{(i > 0 ? "-" : "")}{char.ToLowerInvariant(c)}" : $"{c}"));

    public static bool TryParse<T>(string? text, [NotNullWhen(true)] out T? value) where T : struct, Enum
    {
        value = null;
        foreach (var candidate in Enum.GetValues<T>())
        {
            if (Of(candidate) == text)
                value = candidate;
        }

        return value is not null;
    }

    /// <returns>For messages: <c>'breadth-first' or 'depth-first'</c>.</returns>
    public static string Choices<T>() where T : struct, Enum
    {
        var words = Enum.GetValues<T>().Select(v => $"'{Of(v)}'").ToArray();
        return words.Length == 1 ? words[0] : $"{string.Join(", ", words[..^1])} or {words[^1]}";
    }
}
