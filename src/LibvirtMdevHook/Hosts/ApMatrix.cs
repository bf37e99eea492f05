using System.Globalization;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>
/// What vfio_ap shows of the adapters and domains that were assigned (Documentation/arch/s390/vfio-ap.rst): its assign_ files cannot be
/// read, but <c>matrix</c> has a line for each queue, and <c>control_domains</c> one for each of these.
/// </summary>
internal static class ApMatrix
{
    /// <returns>What the device has other than the attributes say, as half a sentence; null when it is the same or cannot be read.</returns>
    public static string? Difference(HostPath device, IReadOnlyCollection<Attr> attrs)
    {
        if (!attrs.Any(a => a.Name.ToString().Contains("assign_", StringComparison.Ordinal)))
            return null;
        var (adapters, domains) = (Assigned(attrs, "adapter"), Assigned(attrs, "domain"));
        var queues = adapters.Count == 0 ? domains.Select(d => $".{d:x4}")
            : domains.Count == 0 ? adapters.Select(a => $"{a:x2}.")
            : adapters.SelectMany(a => domains.Select(d => $"{a:x2}.{d:x4}"));
        return Difference(device, "matrix", queues)
            ?? Difference(device, "control_domains", Assigned(attrs, "control_domain").Select(d => $"{d:x4}"));
    }

    private static string? Difference(HostPath device, string file, IEnumerable<string> expected)
    {
        var wanted = expected.Order(StringComparer.Ordinal).ToArray();
        var lines = HostFile.ReadTrimmed(device / file)?.Split(default(char[]), StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal);
        return lines is null || lines.SequenceEqual(wanted) ? null : $"its '{file}' has {Listed(lines)}, expected {Listed(wanted)}";
    }

    private static string Listed(IEnumerable<string> lines) => string.Join(", ", lines) is { Length: > 0 } text ? text : "nothing";

    private static SortedSet<ulong> Assigned(IEnumerable<Attr> attrs, string what)
    {
        var numbers = new SortedSet<ulong>();
        foreach (var attr in attrs)
        {
            if (attr.Name.ToString() == $"assign_{what}" && Number(attr.Value) is { } added)
                numbers.Add(added);
            else if (attr.Name.ToString() == $"unassign_{what}" && Number(attr.Value) is { } removed)
                numbers.Remove(removed);
        }

        return numbers;
    }

    private static ulong? Number(string text)
    {
        var isHex = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        var style = isHex ? NumberStyles.AllowHexSpecifier : NumberStyles.None;
        return ulong.TryParse(isHex ? text[2..] : text, style, CultureInfo.InvariantCulture, out var number) ? number : null;
    }
}
