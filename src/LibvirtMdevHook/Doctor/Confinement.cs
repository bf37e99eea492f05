using System.Collections.Immutable;
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
/// <param name="ApparmorRules">
/// What the administrator has added to the profile of each daemon, in the daemons' order.
/// </param>
internal sealed record Confinement(
    bool SelinuxEnforces,
    bool? HooksAreUnconfined,
    string? ApparmorProfiles,
    Errno ApparmorError,
    ImmutableArray<string> ApparmorRules)
{
    /// <summary>The daemons that call hooks.</summary>
    public static readonly ImmutableArray<string> Daemons = ["libvirtd", "virtqemud"];

    /// <summary>Whether AppArmor keeps a daemon that calls hooks to its rules.</summary>
    public bool ApparmorConfinesLibvirt => Daemons.Any(Enforces);

    /// <summary>
    /// The enforced profiles of daemons that call hooks and belong to a snap, such as
    /// <c>snap.openstack-hypervisor.libvirtd</c>.
    /// </summary>
    public IEnumerable<string> ApparmorSnaps => EnforcedProfiles()
        .Where(name => name.StartsWith("snap.", StringComparison.Ordinal) && Daemons.Contains(name[(name.LastIndexOf('.') + 1)..]));

    public static Confinement Read(Root root)
    {
        var selinux = root.Sys / "fs/selinux";
        var profiles = HostFile.Read(root.Sys / "kernel/security/apparmor/profiles", out var error);
        return new Confinement(
            HostFile.ReadTrimmed(selinux / "enforce") == "1",
            ReadBoolean(selinux / "booleans/virt_hooks_unconfined"),
            profiles,
            error,
            [.. Daemons.Select(daemon => ReadRules(root.At($"/etc/apparmor.d/local/usr.sbin.{daemon}")))]);
    }

    /// <returns>
    /// The daemons that AppArmor keeps to rules that do not name the program; install.sh finds them
    /// in the same way.
    /// </returns>
    public IEnumerable<string> ApparmorForbids(string program)
    {
        foreach (var (daemon, rules) in Daemons.Zip(ApparmorRules))
        {
            if (Enforces(daemon) && !rules.Contains(program, StringComparison.Ordinal))
                yield return daemon;
        }
    }

    /// <summary>
    /// The file has two digits: the value that holds now, and the value after a commit.
    /// </summary>
    private static bool? ReadBoolean(HostPath file) => HostFile.ReadTrimmed(file) is [var now, ..] ? now == '1' : null;

    /// <returns>The rules without comments.</returns>
    private static string ReadRules(HostPath file)
    {
        var lines = HostFile.ReadLinked(file, out _)?.Split('\n') ?? [];
        return string.Join('\n', lines.Where(line => !line.TrimStart().StartsWith('#')));
    }

    private bool Enforces(string daemon) => EnforcedProfiles().Any(profile => profile[(profile.LastIndexOf('/') + 1)..] == daemon);

    private IEnumerable<string> EnforcedProfiles()
    {
        foreach (var line in ApparmorProfiles?.Split('\n') ?? [])
        {
            // Such as '/usr/sbin/libvirtd (enforce)' or 'libvirtd (complain)'.
            if (line.EndsWith(" (enforce)", StringComparison.Ordinal))
                yield return line.Split(' ')[0];
        }
    }
}
