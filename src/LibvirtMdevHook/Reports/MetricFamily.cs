using System.Globalization;

namespace LibvirtMdevHook.Reports;

/// <summary>
/// The samples of one gauge in Prometheus' text exposition format 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/): sorted, and each set of labels once, as the format wants it.
/// </summary>
internal sealed class MetricFamily(string name, string help)
{
    private readonly SortedDictionary<string, long> _samples = new(StringComparer.Ordinal);

    /// <summary>What has the same labels is added up.</summary>
    public MetricFamily Add(long value, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        var written = new List<string>();
        foreach (var label in labels)
            written.Add($"{label.Name}=\"{Escape(label.Value)}\"");
        var key = written.Count > 0 ? $"{{{string.Join(',', written)}}}" : "";
        _samples[key] = _samples.GetValueOrDefault(key) + value;
        return this;
    }

    /// <returns>Empty where nothing was added.</returns>
    public override string ToString() => _samples.Count == 0 ? "" : $"# HELP {name} {help}\n# TYPE {name} gauge\n"
        + string.Concat(_samples.Select(s => string.Create(CultureInfo.InvariantCulture, $"{name}{s.Key} {s.Value}\n")));

    /// <summary>Names of domains and types are text of others, and may hold anything but half a character.</summary>
    private static string Escape(string value) =>
        value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
