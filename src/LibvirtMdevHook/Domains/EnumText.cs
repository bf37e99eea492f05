using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace LibvirtMdevHook.Domains;

/// <summary>
/// The words for the values of our enumerations in the declaration, the configuration and the
/// records.
/// </summary>
internal static class EnumText
{
    /// <returns><c>breadth-first</c> for <c>BreadthFirst</c>.</returns>
    public static string Of<T>(T value) where T : struct, Enum
    {
        var word = new StringBuilder();
        foreach (var c in value.ToString())
        {
            if (char.IsUpper(c) && word.Length > 0)
                word.Append('-');
            word.Append(char.ToLowerInvariant(c));
        }

        return word.ToString();
    }

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
    public static string Choices<T>() where T : struct, Enum =>
        Alternatives.Of([.. Enum.GetValues<T>().Select(value => $"'{Of(value)}'")]);
}
