using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Settings;

namespace LibvirtMdevHook.Doctor;

/// <summary>Whether the configuration is taken as it is written.</summary>
internal static class SettingsCheck
{
    private const string Topic = "configuration";

    public static IEnumerable<Finding> Of(HostSettings settings, bool isRoot) => settings.Problems.IsEmpty
        ? [Finding.Well(Topic, "every line of the configuration is understood")]
        : settings.Error == Errno.EACCES && !isRoot ? [Finding.Unknown(Topic, "the configuration is for root to read", "run this as root")]
        : settings.Problems.Select(problem => Finding.Wrong(Topic, problem, "correct it; the file explains every key"));
}
