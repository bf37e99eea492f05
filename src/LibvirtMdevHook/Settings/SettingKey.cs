using System.Collections.Immutable;
using LibvirtMdevHook.Domains;

namespace LibvirtMdevHook.Settings;

/// <summary>A key of the configuration.</summary>
/// <param name="Expected">For messages: what a value of the key is.</param>
/// <param name="Apply">
/// The settings with the value; null for a value that is not what is expected.
/// </param>
internal sealed record SettingKey(string Name, string Expected, Func<HostSettings, SettingValue, HostSettings?> Apply)
{
    private const int MaximumSeconds = 86400;

    /// <summary>All keys that exist.</summary>
    public static readonly ImmutableArray<SettingKey> All =
    [
        OfChoice<Placement>("placement", (s, placement) => s with { Placement = placement }),
        OfChoice<NumaRule>("numa", (s, numa) => s with { Numa = numa }),
        new("excluded_parents", $"a list of parents in quotes, each {ParentName.Expected}", WithExcludedParents) { IsExclusion = true },
        new(
            "allowed_attributes",
            """a list of attribute names in quotes, such as ["vendor_name/file", "folder/*"]""",
            WithAllowedAttributes),
        OfTime("prepare_deadline", (s, time) => s with { PrepareDeadline = time }),
        OfTime("migrate_deadline", (s, time) => s with { MigrateDeadline = time }),
        OfTime("start_deadline", (s, time) => s with { StartDeadline = time }),
        OfTime("release_deadline", (s, time) => s with { ReleaseDeadline = time }),
        OfTime("removal_grace", (s, time) => s with { RemovalGrace = time }),
        OfTime("held_wait", (s, time) => s with { HeldWait = time }),
        OfTime("wait_for_types", (s, time) => s with { WaitForTypes = time }),
        OfChoice<LogLevelName>("log_level", (s, level) => s with { LogLevel = level }),
        new("log_file", "an absolute path in quotes", WithLogFile),
    ];

    /// <summary>
    /// The key only takes something away. A mistake in its value must not give it back, so nothing
    /// is placed until the mistake is corrected.
    /// </summary>
    public bool IsExclusion { get; private init; }

    /// <returns>Null for a key that does not exist.</returns>
    public static SettingKey? Find(string name) => All.FirstOrDefault(key => key.Name == name);

    private static SettingKey OfChoice<T>(string name, Func<HostSettings, T, HostSettings> apply) where T : struct, Enum =>
        new(name, EnumText.Choices<T>(), (s, value) => EnumText.TryParse<T>(value.Text, out var choice) ? apply(s, choice.Value) : null);

    private static SettingKey OfTime(string name, Func<HostSettings, TimeSpan, HostSettings> apply) => new(
        name,
        $"a number of seconds from 0 to {MaximumSeconds}",
        (s, value) => value.Number is >= 0 and <= MaximumSeconds and var seconds ? apply(s, TimeSpan.FromSeconds(seconds)) : null);

    private static HostSettings? WithLogFile(HostSettings settings, SettingValue value) =>
        value.Text is ['/', ..] file ? settings with { LogFile = file } : null;

    private static HostSettings? WithAllowedAttributes(HostSettings settings, SettingValue value) =>
        value.Texts() is { } names ? settings with { AllowedAttributes = names } : null;

    /// <summary>A key that stands twice excludes all that both lists have.</summary>
    private static HostSettings? WithExcludedParents(HostSettings settings, SettingValue value)
    {
        if (value.Texts() is not { } names)
            return null;
        var parents = settings.ExcludedParents.ToBuilder();
        foreach (var name in names)
        {
            if (!ParentName.TryParse(name, out var parent))
                return null;
            parents.Add(parent);
        }

        return settings with { ExcludedParents = parents.ToImmutable() };
    }
}
