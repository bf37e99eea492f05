using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Doctor;

/// <summary>What keeps libvirt's hooks from doing what root may.</summary>
/// <param name="SelinuxEnforces">False without SELinux.</param>
/// <param name="HooksAreUnconfined">The boolean virt_hooks_unconfined; null where the policy has none, or it cannot be read.</param>
/// <param name="ApparmorProfiles">The profiles that the kernel has, a line each; null without AppArmor, or when they cannot be read.</param>
/// <param name="ApparmorError">Why they cannot be read.</param>
/// <param name="ApparmorRules">What the administrator has added to libvirt's profiles.</param>
internal sealed record Confinement(bool SelinuxEnforces, bool? HooksAreUnconfined, string? ApparmorProfiles, Errno ApparmorError, string ApparmorRules)
{
    private static readonly string[] Profiles = ["usr.sbin.libvirtd", "usr.sbin.virtqemud"];

    public static Confinement Read(Root root)
    {
        var selinux = root.Sys / "fs/selinux";
        var profiles = HostFile.Read(root.Sys / "kernel/security/apparmor/profiles", out var error);
        var rules = root.At("/etc/apparmor.d/local");
        return new Confinement(
            HostFile.ReadTrimmed(selinux / "enforce") == "1",
            // What holds now, and what would after a commit.
            HostFile.ReadTrimmed(selinux / "booleans/virt_hooks_unconfined") is [var now, ..] ? now == '1' : null,
            profiles,
            error,
            string.Concat(Profiles.Select(name => HostFile.ReadLinked(rules / name, out _))
                .SelectMany(text => text?.Split('\n') ?? []).Where(line => !line.TrimStart().StartsWith('#'))));
    }

    /// <summary>Whether AppArmor keeps a daemon that calls hooks to its rules.</summary>
    public bool ApparmorConfinesLibvirt => ApparmorProfiles?.Split('\n').Any(line => line.EndsWith("(enforce)", StringComparison.Ordinal)
        && line.Split(' ')[0] is var profile && profile[(profile.LastIndexOf('/') + 1)..] is "libvirtd" or "virtqemud") == true;
}
