using System.Text;

namespace LibvirtMdevHook.Domains;

/// <summary>
/// Compares a declared type with the names of types. Case does not count, nor does a vendor's word
/// in front, nor do blanks, underscores and hyphens. Between two digits, however, these three count
/// as one separator: <c>DC-1-2Q</c> has 2 GB of a GPU in MIG mode, <c>DC-12Q</c> has 12 GB.
/// </summary>
internal static class TypeName
{
    private static readonly string[] VendorWords = ["grid", "nvidia"];

    /// <returns>
    /// <c>m60-4q</c> for <c>GRID M60-4Q</c>, <c>nvidia m60_4q</c> and <c>M60 4Q</c>; the empty
    /// text, which means no type, for a text of separators alone.
    /// </returns>
    public static string Normalise(string name)
    {
        var text = new StringBuilder(name.Length);
        var isSeparated = false;
        foreach (var c in name)
        {
            if (IsSeparator(c))
            {
                isSeparated = true;
                continue;
            }

            if (isSeparated && char.IsAsciiDigit(c) && text.Length > 0 && char.IsAsciiDigit(text[^1]))
                text.Append('-');
            text.Append(char.ToLowerInvariant(c));
            isSeparated = false;
        }

        return WithoutVendor(text.ToString());
    }

    /// <param name="name">Null for a type without a name.</param>
    /// <returns>True when the declared text can mean a type of this id and name.</returns>
    public static bool CanMean(string declared, string id, string? name) =>
        IsId(declared, id) || IsName(declared, id, name) || IsSpellingOf(id, name, Normalise(declared));

    /// <returns>
    /// True when the declared text is the id of a mediated device's type, or its number as
    /// nvidia-smi prints it.
    /// </returns>
    public static bool IsId(string declared, string id) =>
        declared == id || (TypeNumber.ParseHex(declared) is { } number && id == TypeNumber.IdOf(number));

    /// <returns>True when the declared text is the name of the type, letter by letter.</returns>
    public static bool IsName(string declared, string id, string? name) => declared == (name ?? WithoutDriver(id));

    /// <param name="normal">A declared text after <see cref="Normalise"/>.</param>
    /// <returns>True when it is the name of the type, or the id of one without a name.</returns>
    public static bool IsSpellingOf(string id, string? name, string normal)
    {
        if (normal.Length == 0)
            return false;
        return Normalise(name ?? id) == normal || (name is null && Normalise(WithoutDriver(id)) == normal);
    }

    /// <summary>
    /// The name of a type whose driver gives it none: the id without the driver's name. The kernel
    /// shows it since Linux 6.1, and showed no name before (drivers/vfio/mdev/mdev_sysfs.c). What is
    /// left of an id such as <c>mtty-1</c> is no name.
    /// </summary>
    /// <returns><c>GVTg_V5_4</c> for <c>i915-GVTg_V5_4</c>; otherwise the id.</returns>
    public static string WithoutDriver(string id)
    {
        var rest = id[(id.IndexOf('-') + 1)..];
        return rest.Any(char.IsLetter) ? rest : id;
    }

    private static bool IsSeparator(char c) => c is '-' or '_' || char.IsWhiteSpace(c);

    /// <summary>
    /// A vendor's word before a number alone stays: <c>nvidia-18</c> is an id, and the mainline
    /// kernel has no id <c>18</c>.
    /// </summary>
    private static string WithoutVendor(string text)
    {
        while (VendorWords.FirstOrDefault(word => text.StartsWith(word, StringComparison.Ordinal)) is { } word)
        {
            var rest = text[word.Length..];
            if (!rest.Any(char.IsLetter))
                return text;
            text = rest;
        }

        return text;
    }
}
