using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Domains;

/// <summary>
/// The extra vendor arguments of a 2016 create string: <c>key=value</c> pairs, separated by commas.
/// </summary>
internal static class VendorArgs
{
    private const int MaximumLength = 1024;

    private static readonly string[] Ours = ["vgpu_type_id", "vm_uuid"];

    private static readonly string NotPairs =
        $"is not 'key=value' pairs separated by commas, without blanks or control characters, of at most {MaximumLength} characters";

    /// <returns>
    /// What is wrong with the arguments, as the predicate of a sentence; null when nothing is
    /// wrong.
    /// </returns>
    public static Reason? Problem(string args)
    {
        if (args.Length > MaximumLength)
            return NotPairs;
        var pairs = args.Split(',').Select(pair => pair.Split('=', 2)).ToArray();
        if (pairs.FirstOrDefault(pair => Ours.Contains(pair[0])) is { } ours)
            return $"sets '{ours[0]}', which this program sets itself";
        if (!pairs.All(IsPair))
            return NotPairs;
        return null;
    }

    private static bool IsPair(string[] pair)
    {
        if (pair is not [{ Length: > 0 } key, var value])
            return false;
        return key.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-')
            && !value.Any(c => char.IsControl(c) || char.IsWhiteSpace(c));
    }
}
