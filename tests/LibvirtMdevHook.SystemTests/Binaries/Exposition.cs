using System.Globalization;
using System.Text;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>Reads Prometheus' text format at least as strictly as node_exporter does: any deviation is an exception.</summary>
internal sealed class Exposition
{
    private readonly Dictionary<string, (Dictionary<string, string> Labels, double Value)> _samples = [];
    private readonly HashSet<string> _families = [];

    public Exposition(string text)
    {
        if (text.Length > 0 && text[^1] != '\n')
            throw new FormatException("the last line does not end");
        string? family = null;
        string? helped = null;
        foreach (var line in text.Split('\n')[..^1])
        {
            if (line.StartsWith("# HELP ", StringComparison.Ordinal))
            {
                helped = line.Split(' ', 4) is [_, _, var name, { Length: > 0 }] ? name : throw new FormatException(line);
            }
            else if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
            {
                family = line.Split(' ') is [_, _, var name, "gauge"] && name == helped && _families.Add(name)
                    ? name : throw new FormatException(line);
            }
            else
            {
                AddSample(line, family);
            }
        }
    }

    public IEnumerable<string> Families => _families;

    /// <summary>The value of the one sample with these labels among others.</summary>
    public double Value(string name, params (string Name, string Value)[] labels) => Samples(name, labels).Single().Value;

    public IEnumerable<(Dictionary<string, string> Labels, double Value)> Samples(string name,
        params (string Name, string Value)[] labels) =>
        _samples.Where(s => s.Key.Split('{')[0] == name && labels.All(l => s.Value.Labels.GetValueOrDefault(l.Name) == l.Value))
            .Select(s => s.Value);

    private static bool IsName(string text) =>
        text.Length > 0 && !char.IsAsciiDigit(text[0]) && text.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');

    private void AddSample(string line, string? family)
    {
        var open = line.IndexOfAny(['{', ' ']);
        var labels = new Dictionary<string, string>();
        var at = open;
        if (line[open] == '{')
            at = ReadLabels(line, open + 1, labels);
        var value = line[at..];
        if (line[..open] != family || !IsName(family) || value[0] != ' '
            || !_samples.TryAdd(line[..at], (labels, double.Parse(value[1..], NumberStyles.Integer, CultureInfo.InvariantCulture))))
            throw new FormatException(line);
    }

    private static int ReadLabels(string line, int at, Dictionary<string, string> labels)
    {
        while (true)
        {
            var equals = line.IndexOf("=\"", at, StringComparison.Ordinal);
            var name = line[at..equals];
            var value = new StringBuilder();
            for (at = equals + 2; line[at] != '"'; at++)
            {
                value.Append(line[at] != '\\' ? line[at] : line[++at] switch
                {
                    'n' => '\n',
                    '\\' => '\\',
                    '"' => '"',
                    var other => throw new FormatException($"\\{other} in {line}"),
                });
            }

            if (!IsName(name) || !labels.TryAdd(name, value.ToString()))
                throw new FormatException(line);
            at++;
            if (line[at] == '}')
                return at + 1;
            at = line[at] == ',' ? at + 1 : throw new FormatException(line);
        }
    }
}
