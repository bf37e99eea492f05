using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Doctor;

/// <summary>Whether SELinux and AppArmor let the hook do its work.</summary>
internal static class ConfinementCheck
{
    public static IEnumerable<Finding> Of(Confinement confinement, HookFiles? hook)
    {
        yield return Selinux(confinement);
        if (hook?.Program is { Status: not null } program)
            yield return Apparmor(confinement, program.Target);
    }

    private static Finding Selinux(Confinement confinement)
    {
        const string topic = "selinux";
        return !confinement.SelinuxEnforces ? Finding.Well(topic, "SELinux does not enforce a policy here")
            : confinement.HooksAreUnconfined switch
            {
                true => Finding.Well(topic, "SELinux lets hooks do their work (virt_hooks_unconfined)"),
                false => Finding.Wrong(
                    topic,
                    "SELinux confines the hook: virt_hooks_unconfined is off",
                    "run 'setsebool -P virt_hooks_unconfined on'"),
                null => Finding.Unknown(
                    topic,
                    "SELinux enforces a policy whose boolean virt_hooks_unconfined is not there or cannot be read",
                    "look for denials with 'ausearch -m avc' after the start of a domain"),
            };
    }

    private static Finding Apparmor(Confinement confinement, string program)
    {
        const string topic = "apparmor";
        const string hooks = "/etc/libvirt/hooks/";
        var folder = program[..program.LastIndexOf('/')];
        return folder is "/usr/bin" or "/usr/sbin" or "/bin" or "/sbin" || program.StartsWith(hooks, StringComparison.Ordinal)
                ? Finding.Well(topic, $"AppArmor's profiles of libvirt let it execute '{program}'")
            : confinement.ApparmorProfiles is null && !confinement.ApparmorError.IsAbsent
                ? Finding.Unknown(
                    topic,
                    $"whether AppArmor confines libvirt cannot be seen: {confinement.ApparmorError.InWords}",
                    "run this as root")
            : !confinement.ApparmorConfinesLibvirt ? Finding.Well(topic, "AppArmor does not confine libvirt here")
            : confinement.ApparmorForbids(program).FirstOrDefault() is not { } daemon
                ? Finding.Well(topic, $"/etc/apparmor.d/local has a rule for '{program}'")
            : Finding.Wrong(
                topic,
                $"AppArmor does not let {daemon} execute '{program}', so that no domain starts",
                $"install it with PREFIX=/usr, or add the line '{program} PUx,' to '/etc/apparmor.d/local/usr.sbin.{daemon}' "
                    + $"and run 'apparmor_parser -r /etc/apparmor.d/usr.sbin.{daemon}'");
    }
}
