using System.Collections.Immutable;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Doctor;

/// <summary>What keeps libvirt's hooks from doing what root may.</summary>
/// <param name="SelinuxEnforces">False without SELinux.</param>
/// <param name="HooksAreUnconfined">The boolean virt_hooks_unconfined; null where the policy has none, or it cannot be read.</param>
/// <param name="ApparmorProfiles">The profiles that the kernel has, a line each; null without AppArmor, or when they cannot be read.</param>
/// <param name="ApparmorError">Why they cannot be read.</param>
/// <param name="ApparmorRules">What the administrator has added to the profile of each daemon, in the order of <see cref="Daemons"/>.</param>
internal sealed record Confinement(
    bool SelinuxEnforces,
    bool? HooksAreUnconfined,
    string? ApparmorProfiles,
    Errno ApparmorError,
    ImmutableArray<string> ApparmorRules)
{
    /// <summary>Those that call hooks.</summary>
    public static readonly ImmutableArray<string> Daemons = ["libvirtd", "virtqemud"];

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
            [.. Daemons.Select(daemon => WithoutComments(HostFile.ReadLinked(rules / $"usr.sbin.{daemon}", out _)))]);
    }

    /// <summary>The daemons that AppArmor keeps to rules that do not name the program; 'install.sh' finds them in the same way.</summary>
    public IEnumerable<string> ApparmorForbids(string program) => Daemons.Zip(ApparmorRules)
        .Where(daemon => Enforces(daemon.First) && !daemon.Second.Contains(program, StringComparison.Ordinal)).Select(daemon => daemon.First);

    /// <summary>Whether AppArmor keeps a daemon that calls hooks to its rules.</summary>
    public bool ApparmorConfinesLibvirt => Daemons.Any(Enforces);

    private bool Enforces(string daemon) => ApparmorProfiles?.Split('\n').Any(line => line.EndsWith(" (enforce)", StringComparison.Ordinal)
        && line.Split(' ')[0] is var profile && profile[(profile.LastIndexOf('/') + 1)..] == daemon) == true;

    private static string WithoutComments(string? text) =>
        string.Join('\n', text?.Split('\n').Where(line => !line.TrimStart().StartsWith('#')) ?? []);
}
