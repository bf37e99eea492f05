namespace LibvirtMdevHook.Domains;

/// <summary>The extra vendor arguments of a 2016 create string: <c>key=value</c>, separated by commas.</summary>
internal static class VendorArgs
{
    public const string Expected = "'key=value' pairs separated by commas, none of them vgpu_type_id or vm_uuid";

    private static readonly string[] Ours = ["vgpu_type_id", "vm_uuid"];

    public static bool IsValid(string args) => args.Length <= 1024 && args.Split(',').All(IsValidPair);

    private static bool IsValidPair(string pair)
    {
        var equals = pair.IndexOf('=', StringComparison.Ordinal);
        return equals > 0
            && pair[..equals].All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-')
            && !Ours.Contains(pair[..equals])
            && !pair[equals..].Any(c => char.IsControl(c) || char.IsWhiteSpace(c) || c == ':');
    }
}
