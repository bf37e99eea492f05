using System.Globalization;
using System.Text;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Reports;

/// <summary>
/// The samples of one gauge in Prometheus' text exposition format 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/): sorted, and each set of labels
/// once, as the format requires.
/// </summary>
internal sealed class MetricFamily(string name, string help)
{
    private readonly SortedDictionary<string, long> _samples = new(StringComparer.Ordinal);

    /// <summary>Adds to the sample that has the same labels, if there is one.</summary>
    public MetricFamily Add(long value, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        var written = new List<string>();
        foreach (var label in labels)
            written.Add($"{label.Name}=\"{Escape(label.Value)}\"");
        var key = written.Count > 0 ? $"{{{string.Join(',', written)}}}" : "";
        _samples[key] = _samples.GetValueOrDefault(key) + value;
        return this;
    }

    /// <returns>The family's lines; empty when it has no sample.</returns>
    public override string ToString()
    {
        if (_samples.Count == 0)
            return "";
        var text = new StringBuilder($"# HELP {name} {help}\n# TYPE {name} gauge\n");
        foreach (var (labels, value) in _samples)
            text.Append(CultureInfo.InvariantCulture, $"{name}{labels} {value}\n");
        return text.ToString();
    }

    /// <summary>
    /// The names of domains and types come from others and may hold any character. Prometheus takes
    /// no other escapes than these three, so a control character is written with a backslash, which
    /// is escaped then.
    /// </summary>
    private static string Escape(string value) => OneLine.OfEach(value)
        .Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("\"", "\\\"", StringComparison.Ordinal)
        .Replace("\n", "\\n", StringComparison.Ordinal);
}
