using LibvirtMdevHook.Hosts;

namespace LibvirtMdevHook.Reports;

/// <summary>What a driver says of a type, as short as a column of a listing.</summary>
internal static class TypeDetails
{
    /// <returns>
    /// <c>4096M, 4 heads, 5120x2880</c> of NVIDIA's <c>num_heads=4, framebuffer=4096M, ...</c>; of
    /// another driver its whole text in one line; empty where it says nothing.
    /// </returns>
    public static string Of(MdevType type)
    {
        var parts = (type.Description ?? "").Split([',', '\n'], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (type.Framebuffer is not { } framebuffer)
            return string.Join(", ", parts);
        string?[] shown = [framebuffer, Heads(Value(parts, "num_heads")), Value(parts, "max_resolution")];
        return string.Join(", ", shown.OfType<string>());
    }

    private static string? Heads(string? count)
    {
        if (count is null)
            return null;
        return count == "1" ? "1 head" : $"{count} heads";
    }

    private static string? Value(string[] parts, string key) =>
        Array.Find(parts, part => part.StartsWith($"{key}=", StringComparison.Ordinal))?[(key.Length + 1)..];
}
