using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Doctor;

/// <summary>Whether SELinux and AppArmor let the hook do its work.</summary>
internal static class ConfinementCheck
{
    private const string Hooks = "/etc/libvirt/hooks/";

    public static Finding Selinux(Confinement confinement)
    {
        if (!confinement.SelinuxEnforces)
            return Finding.Well("SELinux does not enforce a policy here");
        return confinement.HooksAreUnconfined switch
        {
            true => Finding.Well("SELinux lets hooks do their work (virt_hooks_unconfined)"),
            false => Finding.Wrong(
                "SELinux confines the hook: virt_hooks_unconfined is off",
                "run 'setsebool -P virt_hooks_unconfined on'"),
            null => Finding.Unknown(
                "SELinux enforces a policy whose boolean virt_hooks_unconfined is not there or cannot be read",
                "look for denials with 'ausearch -m avc' after the start of a domain"),
        };
    }

    /// <param name="hook">Null when it could not be read.</param>
    public static IEnumerable<Finding> Apparmor(Confinement confinement, HookFiles? hook) =>
        hook?.Program is { Status: not null } program
            ? [Apparmor(confinement, program.Target), .. confinement.ApparmorSnaps.Select(OfSnap)]
            : [];

    private static Finding OfSnap(string profile) => Finding.Hint(
        $"AppArmor keeps the libvirt of a snap to its profile '{profile}', in which no hook may write to sysfs",
        "start domains with vGPUs by the libvirt of this host's distribution");

    private static Finding Apparmor(Confinement confinement, string program)
    {
        var folder = program[..program.LastIndexOf('/')];
        if (folder is "/usr/bin" or "/usr/sbin" or "/bin" or "/sbin" || program.StartsWith(Hooks, StringComparison.Ordinal))
            return Finding.Well($"AppArmor's profiles of libvirt let it execute '{program}'");
        if (confinement.ApparmorProfiles is null && !confinement.ApparmorError.IsAbsent)
        {
            return Finding.Unknown(
                $"whether AppArmor confines libvirt cannot be seen: {confinement.ApparmorError.InWords}",
                "run this as root");
        }

        if (!confinement.ApparmorConfinesLibvirt)
            return Finding.Well("AppArmor does not confine libvirt here");
        if (confinement.ApparmorForbids(program).FirstOrDefault() is not { } daemon)
            return Finding.Well($"/etc/apparmor.d/local has a rule for '{program}'");
        return Finding.Wrong(
            $"AppArmor does not let {daemon} execute '{program}', so that no domain starts",
            $"install it with PREFIX=/usr, or add the line '{program} PUx,' to '/etc/apparmor.d/local/usr.sbin.{daemon}' "
                + $"and run 'apparmor_parser -r /etc/apparmor.d/usr.sbin.{daemon}'");
    }
}
