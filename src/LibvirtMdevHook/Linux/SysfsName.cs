using System.Diagnostics.CodeAnalysis;

namespace LibvirtMdevHook.Linux;

/// <summary>
/// One component of a path below sysfs, /dev or /run: not empty, at most 255 bytes, without '/' and
/// control characters, and not '.' or '..'. Text from a domain XML or from a record becomes a part
/// of a path only as this type.
/// </summary>
internal sealed record SysfsName : IComparable<SysfsName>
{
    public const string Expected = "a name of at most 255 bytes without '/' or control characters, other than '.' and '..'";

    private readonly string _text;

    private SysfsName(string text) => _text = text;

    public static bool TryParse(string? text, [NotNullWhen(true)] out SysfsName? name)
    {
        var isGood = text is { Length: > 0 } and not ("." or "..")
            && System.Text.Encoding.UTF8.GetByteCount(text) <= 255
            && !text.Contains('/', StringComparison.Ordinal)
            && !text.Any(char.IsControl);
        name = isGood ? new SysfsName(text!) : null;
        return isGood;
    }

    /// <exception cref="FormatException">The text is not such a name.</exception>
    public static SysfsName Parse(string text) =>
        TryParse(text, out var name) ? name : throw new FormatException($"'{text}' is not {Expected}");

    public int CompareTo(SysfsName? other) => string.CompareOrdinal(_text, other?._text);

    public override string ToString() => _text;
}
