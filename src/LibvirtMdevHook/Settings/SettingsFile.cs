using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Settings;

/// <summary>
/// Makes the settings from the text of /etc/libvirt/mdev-hook.conf. What is wrong is reported and
/// changes nothing, so the default holds; a mistake in an exclusion is also kept in
/// <see cref="HostSettings.UnreadExclusion"/>. Of a key that stands twice the later value holds,
/// except that all lists of excluded parents add up.
/// </summary>
internal sealed class SettingsFile
{
    private readonly string _name;
    private readonly List<string> _problems = [];
    private HostSettings _settings = new();

    private SettingsFile(string name) => _name = name;

    /// <summary>The names of all keys that exist.</summary>
    public static IEnumerable<string> Keys => SettingKey.All.Select(key => key.Name);

    /// <param name="fileName">For messages.</param>
    public static HostSettings Parse(string text, string fileName)
    {
        var file = new SettingsFile(fileName);
        foreach (var assignment in AssignmentReader.Read(text))
            file.Take(assignment);
        return file._settings with { Problems = [.. file._problems] };
    }

    private void Take(Assignment assignment)
    {
        if (TryTake(assignment) is not { } reason)
            return;
        var place = $"'{_name}' line {assignment.Line}";
        if (!MayExclude(assignment))
        {
            _problems.Add($"{place}: {reason}; it is ignored");
            return;
        }

        var problem = $"{place}: {reason}; no device is placed on this host until that is corrected";
        _problems.Add(problem);
        _settings = _settings with { UnreadExclusion = _settings.UnreadExclusion ?? problem };
    }

    private Reason? TryTake(Assignment assignment)
    {
        if (assignment.Key.Length == 0)
            return assignment.Mistake;
        if (SettingKey.Find(assignment.Key) is not { } key)
            return $"the key '{assignment.Key}' is not known";
        var written = $"{key.Name} = {assignment.Shown} is not {key.Expected}";
        if (assignment.Value is not { } value)
            return $"{written}: {assignment.Mistake}";
        if (key.Apply(_settings, value) is not { } changed)
            return written;
        _settings = changed;
        return null;
    }

    /// <summary>
    /// Whether an exclusion may be lost: by its key, or because its name stands in what cannot be
    /// read.
    /// </summary>
    private static bool MayExclude(Assignment assignment)
    {
        if (SettingKey.Find(assignment.Key) is { IsExclusion: true })
            return true;
        return SettingKey.All.Any(key => key.IsExclusion && assignment.Source.Contains(key.Name, StringComparison.Ordinal));
    }
}
