using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Doctor;

/// <summary>What keeps libvirt's hooks from doing what root may do.</summary>
/// <param name="SelinuxEnforces">False without SELinux.</param>
/// <param name="HooksAreUnconfined">
/// The boolean virt_hooks_unconfined; null where the policy has none, or it cannot be read.
/// </param>
/// <param name="ApparmorProfiles">
/// The kernel's profiles, a line each; null without AppArmor, or when they cannot be read.
/// </param>
/// <param name="ApparmorError">Why they cannot be read.</param>
/// <param name="ApparmorRules">What the administrator has added to libvirt's profiles.</param>
internal sealed record Confinement(
    bool SelinuxEnforces, bool? HooksAreUnconfined, string? ApparmorProfiles, Errno ApparmorError, string ApparmorRules)
{
    private const string Enforced = "(enforce)";

    private static readonly string[] Profiles = ["usr.sbin.libvirtd", "usr.sbin.virtqemud"];

    /// <summary>Whether AppArmor keeps a daemon that calls hooks to its rules.</summary>
    public bool ApparmorConfinesLibvirt => ApparmorProfiles?.Split('\n').Any(ConfinesLibvirt) == true;

    public static Confinement Read(Root root)
    {
        var selinux = root.Sys / "fs/selinux";
        var profiles = HostFile.Read(root.Sys / "kernel/security/apparmor/profiles", out var error);
        return new Confinement(
            HostFile.ReadTrimmed(selinux / "enforce") == "1",
            ReadBoolean(selinux / "booleans/virt_hooks_unconfined"),
            profiles,
            error,
            ReadRules(root.At("/etc/apparmor.d/local")));
    }

    /// <summary>
    /// The file has two digits: the value that holds now, and the value after a commit.
    /// </summary>
    private static bool? ReadBoolean(HostPath file) => HostFile.ReadTrimmed(file) is [var now, ..] ? now == '1' : null;

    private static string ReadRules(HostPath folder)
    {
        var lines = Profiles.SelectMany(name => HostFile.ReadLinked(folder / name, out _)?.Split('\n') ?? []);
        return string.Concat(lines.Where(line => !line.TrimStart().StartsWith('#')));
    }

    /// <param name="line">
    /// Such as <c>/usr/sbin/libvirtd (enforce)</c> or <c>libvirtd (complain)</c>.
    /// </param>
    private static bool ConfinesLibvirt(string line)
    {
        if (!line.EndsWith(Enforced, StringComparison.Ordinal))
            return false;
        var profile = line.Split(' ')[0];
        return profile[(profile.LastIndexOf('/') + 1)..] is "libvirtd" or "virtqemud";
    }
}
