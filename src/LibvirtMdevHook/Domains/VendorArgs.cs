namespace LibvirtMdevHook.Domains;

/// <summary>The extra vendor arguments of a 2016 create string: <c>key=value</c>, separated by commas.</summary>
internal static class VendorArgs
{
    private const int MaximumLength = 1024;

    private static readonly string[] Ours = ["vgpu_type_id", "vm_uuid"];

    private static readonly string NotPairs =
        $"is not 'key=value' pairs separated by commas, without blanks or control characters, of at most {MaximumLength} characters";

    /// <returns>What is wrong, as the rest of a sentence; null when nothing is.</returns>
    public static string? Problem(string args)
    {
        if (args.Length > MaximumLength)
            return NotPairs;
        var pairs = args.Split(',').Select(pair => pair.Split('=', 2)).ToArray();
        if (pairs.FirstOrDefault(pair => Ours.Contains(pair[0])) is { } ours)
            return $"sets '{ours[0]}', which this program sets itself";
        return pairs.All(IsPair) ? null : NotPairs;
    }

    private static bool IsPair(string[] pair) =>
        pair.Length == 2 && pair[0].Length > 0
        && pair[0].All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-')
        && !pair[1].Any(c => char.IsControl(c) || char.IsWhiteSpace(c));
}
