using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Settings;

namespace LibvirtMdevHook.Doctor;

/// <summary>Whether the program understands the whole configuration.</summary>
internal static class SettingsCheck
{
    public static IEnumerable<Finding> Of(HostSettings settings, bool isRoot)
    {
        if (settings.Problems.IsEmpty)
            return [Finding.Well("every line of the configuration is understood")];
        if (settings.Error == Errno.EACCES && !isRoot)
            return [Finding.Unknown("the configuration is for root to read", "run this as root")];
        return settings.Problems.Select(problem => Finding.Wrong(problem, "correct it; the file explains every key"));
    }
}
