using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Settings;

/// <summary>
/// Reads <c>key = value</c> as libvirt's own configuration files have it: numbers, "strings" and
/// ["lists", "of", "strings"] on one line, and comments after '#'. A line with a mistake is
/// reported and changes nothing.
/// </summary>
internal sealed class SettingsFile
{
    private const int MaximumSeconds = 86400;

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

    private static readonly Dictionary<string, Key> Others = new()
    {
        ["placement"] = Choice<Placement>((s, placement) => s with { Placement = placement }),
        ["numa"] = Choice<NumaRule>((s, numa) => s with { Numa = numa }),
        ["log_level"] = Choice<LogLevelName>((s, level) => s with { LogLevel = level }),
        ["log_file"] = new("an absolute path in quotes", WithLogFile),
        ["excluded_parents"] = new($"a list of parents in quotes, each {ParentName.Expected}", WithExcludedParents),
        ["allowed_attributes"] =
            new("""a list of attribute names in quotes, such as ["vendor_name/file", "folder/*"]""", WithAllowedAttributes),
    };

    private readonly List<string> _problems = [];
    private HostSettings _settings = new();

    private SettingsFile()
    {
    }

    /// <summary>All keys that exist.</summary>
    public static IEnumerable<string> Keys => Others.Keys.Concat(Times.Keys);

    public static HostSettings Parse(string text, string fileName)
    {
        var file = new SettingsFile();
        var number = 0;
        foreach (var line in text.Split('\n'))
        {
            number++;
            var trimmed = line.Trim();
            if (trimmed.Length == 0 || trimmed[0] == '#')
                continue;
            if (file.Take(trimmed) is { } reason)
                file._problems.Add($"'{fileName}' line {number}: {reason}; the line is ignored");
        }

        return file._settings with { Problems = [.. file._problems] };
    }

    private Reason? Take(string line)
    {
        var equals = line.IndexOf('=', StringComparison.Ordinal);
        if (equals < 0)
            return $"'{line}' is not 'key = value'";
        var key = line[..equals].Trim();
        var value = line[(equals + 1)..].Trim();
        if (!TryFind(key, out var known))
            return $"the key '{key}' is not known";
        if (known.Apply(_settings, value) is not { } changed)
            return $"{key} = {value} is not {known.Expected}";
        _settings = changed;
        return null;
    }

    private static bool TryFind(string name, [NotNullWhen(true)] out Key? key)
    {
        if (!Times.TryGetValue(name, out var apply))
            return Others.TryGetValue(name, out key);
        key = new Key(
            $"a number of seconds from 0 to {MaximumSeconds}",
            (s, value) => Seconds(value) is { } time ? apply(s, time) : null);
        return true;
    }

    private static Key Choice<T>(Func<HostSettings, T, HostSettings> apply) where T : struct, Enum =>
        new(EnumText.Choices<T>(), (s, value) => EnumText.TryParse<T>(Text(value), out var choice) ? apply(s, choice.Value) : null);

    private static HostSettings? WithLogFile(HostSettings settings, string value) =>
        Text(value) is ['/', ..] and var file ? settings with { LogFile = file } : null;

    private static HostSettings? WithAllowedAttributes(HostSettings settings, string value) =>
        List(value) is { } names ? settings with { AllowedAttributes = [.. names] } : null;

    private static HostSettings? WithExcludedParents(HostSettings settings, string value)
    {
        if (List(value) is not { } names)
            return null;
        var parents = ImmutableArray.CreateBuilder<ParentName>();
        foreach (var name in names)
        {
            if (!ParentName.TryParse(name, out var parent))
                return null;
            parents.Add(parent);
        }

        return settings with { ExcludedParents = parents.ToImmutable() };
    }

    private static TimeSpan? Seconds(string value)
    {
        if (!double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds))
            return null;
        return seconds is >= 0 and <= MaximumSeconds ? TimeSpan.FromSeconds(seconds) : null;
    }

    /// <returns>The text between the quotes; null for a value that is no string.</returns>
    private static string? Text(string value)
    {
        if (value.Length < 2 || value[0] != '"' || value[^1] != '"')
            return null;
        var text = value[1..^1];
        return text.Contains('"', StringComparison.Ordinal) ? null : text;
    }

    /// <returns>The texts of the list; null for a value that is no list of strings.</returns>
    private static List<string>? List(string value)
    {
        if (value.Length < 2 || value[0] != '[' || value[^1] != ']')
            return null;
        var texts = new List<string>();
        var inner = value[1..^1].Trim();
        if (inner.Length == 0)
            return texts;
        foreach (var item in inner.Split(','))
        {
            if (Text(item.Trim()) is not { } text)
                return null;
            texts.Add(text);
        }

        return texts;
    }

    /// <param name="Expected">For messages: what a value of the key is.</param>
    /// <param name="Apply">
    /// The settings with the value; null for a value that is not what is expected.
    /// </param>
    private sealed record Key(string Expected, Func<HostSettings, string, HostSettings?> Apply);
}
