using System.Text.RegularExpressions;

namespace LibvirtMdevHook.FaultTests.Races;

/// <summary>A line of the simulator's log about a device.</summary>
/// <param name="Kind">What the write is for.</param>
/// <param name="Device">A uuid, or a VF's address.</param>
/// <param name="Parent">The parent's name; a VF is its own parent.</param>
/// <param name="Type">The type that a create names; empty otherwise.</param>
/// <param name="Domain">The domain that a create of the 2016 interface names.</param>
/// <param name="Result"><c>ok</c> or an errno; null where a write begins that did not end at once.</param>
internal sealed partial record SysfsWrite(WriteKind Kind, string Device, string Parent, string Type, Guid? Domain, string? Result)
{
    public string Line { get; private init; } = "";

    /// <summary>The file that was written, below the root, and the data.</summary>
    public (string Path, string Data) Written { get; private init; }

    /// <returns>Null for lines about other files, such as attributes.</returns>
    public static SysfsWrite? Parse(string line)
    {
        if (Words().Match(line) is not { Success: true } words)
            return null;
        var (path, data) = (words.Groups["path"].Value, words.Groups["data"].Value.Replace("\\n", "", StringComparison.Ordinal));
        var result = words.Groups["begin"].Success ? null : words.Groups["result"].Value;
        var parts = path.Split('/');
        var above = parts[^2];
        var colon = data.Split(':', 2);
        var write = parts[^1] switch
        {
            "mdev_create" => new SysfsWrite(WriteKind.Create, colon[0], above, Argument(data, "vgpu_type_id") ?? "",
                Guid.TryParse(Argument(data, "vm_uuid"), out var domain) ? domain : null, result),
            "mdev_destroy" => new SysfsWrite(WriteKind.Destroy, colon[0], above, "", null, result),
            "create" => new SysfsWrite(WriteKind.Create, data, parts[^4], above, null, result),
            "remove" => new SysfsWrite(WriteKind.Destroy, above, parts[^3], "", null, result),
            "online" => new SysfsWrite(data == "1" ? WriteKind.Online : WriteKind.Offline, above, parts[^3], "", null, result),
            "current_vgpu_type" => new SysfsWrite(data == "0" ? WriteKind.Destroy : WriteKind.Create, parts[^3], parts[^3],
                data == "0" ? "" : data, null, result),
            _ => null,
        };
        return write is null ? null : write with { Line = line, Written = (path, data) };
    }

    private static string? Argument(string data, string name) =>
        Array.Find(data.Split(':', ','), part => part.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..];

    [GeneratedRegex("""^\d+ (?<begin>begin )?write (?<path>\S+) "(?<data>[^"]*)"( (?<result>\S+))?$""")]
    private static partial Regex Words();
}

/// <summary>What a write to sysfs is for.</summary>
internal enum WriteKind
{
    /// <summary>Sets the type of a VF.</summary>
    Create,
    Online,
    Offline,

    /// <summary>Clears the type of a VF.</summary>
    Destroy,
}
