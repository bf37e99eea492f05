using System.Collections.Immutable;
using System.Globalization;
using LibvirtMdevHook.Domains;

namespace LibvirtMdevHook.Settings;

/// <summary>
/// Reads <c>key = value</c> as libvirt's own configuration files have it: numbers, "strings" and ["lists", "of", "strings"] on one line,
/// comments from '#'. A line that cannot be taken is reported and changes nothing.
/// </summary>
internal sealed class SettingsFile
{
    private static readonly Dictionary<string, Func<HostSettings, TimeSpan, HostSettings>> Times = new()
    {
        ["prepare_deadline"] = (s, time) => s with { PrepareDeadline = time },
        ["migrate_deadline"] = (s, time) => s with { MigrateDeadline = time },
        ["start_deadline"] = (s, time) => s with { StartDeadline = time },
        ["release_deadline"] = (s, time) => s with { ReleaseDeadline = time },
        ["removal_grace"] = (s, time) => s with { RemovalGrace = time },
        ["held_wait"] = (s, time) => s with { HeldWait = time },
        ["wait_for_types"] = (s, time) => s with { WaitForTypes = time },
    };

    private static readonly Dictionary<string, (string Expected, Func<HostSettings, string, HostSettings?> Apply)> Values = new()
    {
        ["placement"] = (EnumText.Choices<Placement>(), (s, v) => Parsed<Placement>(v) is { } placement ? s with { Placement = placement } : null),
        ["numa"] = (EnumText.Choices<NumaRule>(), (s, v) => Parsed<NumaRule>(v) is { } numa ? s with { Numa = numa } : null),
        ["log_level"] = (EnumText.Choices<LogLevelName>(), (s, v) => Parsed<LogLevelName>(v) is { } level ? s with { LogLevel = level } : null),
        ["log_file"] = ("an absolute path in quotes", (s, v) => Text(v) is ['/', ..] and var file ? s with { LogFile = file } : null),
        ["excluded_parents"] = ($"a list of parents in quotes, each {ParentName.Expected}",
            (s, v) => Parents(v) is { } parents ? s with { ExcludedParents = parents } : null),
        ["allowed_attributes"] = ("""a list of attribute names in quotes, such as ["vendor_name/file", "folder/*"]""",
            (s, v) => List(v) is { } names ? s with { AllowedAttributes = [.. names] } : null),
    };

    private readonly List<string> _problems = [];
    private HostSettings _settings = new();

    private SettingsFile()
    {
    }

    /// <summary>Every key there is.</summary>
    public static IEnumerable<string> Keys => Values.Keys.Concat(Times.Keys);

    public static HostSettings Parse(string text, string fileName)
    {
        var file = new SettingsFile();
        var number = 0;
        foreach (var line in text.Split('\n'))
        {
            number++;
            var trimmed = line.Trim();
            if (trimmed.Length > 0 && trimmed[0] != '#' && file.Take(trimmed) is { } problem)
                file._problems.Add($"'{fileName}' line {number}: {problem}; the line is ignored");
        }

        return file._settings with { Problems = [.. file._problems] };
    }

    private string? Take(string line)
    {
        var equals = line.IndexOf('=', StringComparison.Ordinal);
        if (equals < 0)
            return $"'{line}' is not 'key = value'";
        var key = line[..equals].Trim();
        var value = line[(equals + 1)..].Trim();
        var changed = Apply(key, value, out var expected);
        _settings = changed ?? _settings;
        return changed is null ? expected is null ? $"the key '{key}' is not known" : $"{key} = {value} is not {expected}" : null;
    }

    private HostSettings? Apply(string key, string value, out string? expected)
    {
        if (Times.TryGetValue(key, out var time))
        {
            expected = "a number of seconds from 0 to 86400";
            return Seconds(value) is { } seconds ? time(_settings, seconds) : null;
        }

        if (Values.TryGetValue(key, out var known))
        {
            expected = known.Expected;
            return known.Apply(_settings, value);
        }

        expected = null;
        return null;
    }

    private static TimeSpan? Seconds(string value) =>
        double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) && seconds is >= 0 and <= 86400
            ? TimeSpan.FromSeconds(seconds)
            : null;

    private static T? Parsed<T>(string value) where T : struct, Enum => EnumText.TryParse<T>(Text(value), out var word) ? word : null;

    private static string? Text(string value) =>
        value.Length >= 2 && value[0] == '"' && value[^1] == '"' && !value[1..^1].Contains('"', StringComparison.Ordinal) ? value[1..^1] : null;

    private static string[]? List(string value)
    {
        if (value.Length < 2 || value[0] != '[' || value[^1] != ']')
            return null;
        var inner = value[1..^1].Trim();
        var texts = inner.Length == 0 ? [] : inner.Split(',').Select(item => Text(item.Trim())).ToArray();
        return texts.Contains(null) ? null : [.. texts.OfType<string>()];
    }

    private static ImmutableArray<ParentName>? Parents(string value)
    {
        var names = List(value)?.Select(text => ParentName.TryParse(text, out var name) ? name : null).ToArray();
        return names is null || names.Contains(null) ? null : [.. names.OfType<ParentName>()];
    }
}
