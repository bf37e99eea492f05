using System.Globalization;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>
/// The adapters and domains that were assigned to a device of vfio_ap
/// (Documentation/arch/s390/vfio-ap.rst). Its assign_ attributes cannot be read. Its <c>matrix</c>
/// has a line for each queue, and its <c>control_domains</c> a line for each control domain.
/// </summary>
internal static class ApMatrix
{
    /// <summary>In the order of the masks of <see cref="ApConfig"/>.</summary>
    private static readonly string[] Kinds = ["adapter", "domain", "control_domain"];

    /// <returns>
    /// How the device differs from the attributes, as a clause; null when it does not differ or
    /// cannot be read.
    /// </returns>
    public static string? Difference(HostPath device, IReadOnlyCollection<Attr> attrs)
    {
        if (!attrs.Any(a => ApConfig.IsNameOf(a.Name) || a.Name.ToString().Contains("assign_", StringComparison.Ordinal)))
            return null;
        var queues = Queues(Assigned(attrs, "adapter"), Assigned(attrs, "domain"));
        var controlDomains = Assigned(attrs, "control_domain").Select(domain => $"{domain:x4}");
        return Difference(device, "matrix", queues) ?? Difference(device, "control_domains", controlDomains);
    }

    /// <summary>
    /// A queue is an adapter together with a domain. While only adapters or only domains are
    /// assigned, the file has half of each name.
    /// </summary>
    private static IEnumerable<string> Queues(SortedSet<ulong> adapters, SortedSet<ulong> domains)
    {
        if (adapters.Count == 0)
            return domains.Select(domain => $".{domain:x4}");
        if (domains.Count == 0)
            return adapters.Select(adapter => $"{adapter:x2}.");
        return adapters.SelectMany(adapter => domains.Select(domain => $"{adapter:x2}.{domain:x4}"));
    }

    private static string? Difference(HostPath device, string file, IEnumerable<string> expected)
    {
        if (HostFile.ReadTrimmed(device / file) is not { } text)
            return null;
        var found = text.Split(default(char[]), StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal).ToArray();
        var wanted = expected.Order(StringComparer.Ordinal).ToArray();
        return found.SequenceEqual(wanted) ? null : $"its '{file}' has {Listed(found)}, expected {Listed(wanted)}";
    }

    private static string Listed(string[] lines) => lines.Length > 0 ? string.Join(", ", lines) : "nothing";

    private static SortedSet<ulong> Assigned(IEnumerable<Attr> attrs, string what)
    {
        var numbers = new SortedSet<ulong>();
        foreach (var attr in attrs)
        {
            if (ApConfig.IsNameOf(attr.Name) && ApConfig.Parse(attr.Value) is { } config)
                numbers = [.. config.Masks[Array.IndexOf(Kinds, what)]];
            else if (attr.Name.ToString() == $"assign_{what}" && Number(attr.Value) is { } added)
                numbers.Add(added);
            else if (attr.Name.ToString() == $"unassign_{what}" && Number(attr.Value) is { } removed)
                numbers.Remove(removed);
        }

        return numbers;
    }

    private static ulong? Number(string text)
    {
        var isHex = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        var digits = isHex ? text[2..] : text;
        var style = isHex ? NumberStyles.AllowHexSpecifier : NumberStyles.None;
        return ulong.TryParse(digits, style, CultureInfo.InvariantCulture, out var number) ? number : null;
    }
}
