using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Planning;

/// <summary>Why not even one parent is considered for a device, as a clause.</summary>
internal static class NoParentText
{
    private static readonly SysfsName Pci = SysfsName.Parse("pci");

    public static string Of(Host host, DeclaredHostdev hostdev)
    {
        if (hostdev.Parents.Length == 0)
            return OfAnyParent(host);
        var clauses = new List<string>();
        var unknown = new List<string>();
        foreach (var parent in hostdev.Parents)
        {
            if (WhyNoParent(host, parent) is { } reason)
                clauses.Add($"the parent '{parent}' takes no mediated devices: {reason}");
            else
                unknown.Add($"'{parent}'");
        }

        if (unknown.Count > 0)
        {
            clauses.Add($"the parent {string.Join(" or ", unknown)} is not on this host or takes no mediated devices; "
                + WhichThereAre(host, hostdev));
        }

        return string.Join("; ", clauses);
    }

    private static string WhichThereAre(Host host, DeclaredHostdev hostdev)
    {
        if (host.Gpus.IsEmpty)
            return "this host has none that does: load the vendor's driver ('virt-mdev doctor' says what keeps a GPU from being one)";
        var near = host.Gpus.Where(gpu => hostdev.Parents.Any(parent => parent.Resembles(gpu))).ToArray();
        var meant = near.Length > 0 ? $": did you mean {string.Join(" or ", near.Select(gpu => $"'{gpu}'"))}?" : "";
        return $"this host has {RefusalText.Names(host.Gpus)}{meant}";
    }

    private static string OfAnyParent(Host host)
    {
        if (host.FirstVf is { } vf)
        {
            return "this host has no parent of mediated devices, but VFs that take types themselves; "
                + $"declare address='{vf}', or that of another VF, in place of the uuid";
        }

        return "this host has no parent of mediated devices; load the vendor's driver ('virt-mdev types' lists parents, "
            + "'virt-mdev doctor' says what keeps a GPU from being one)";
    }

    private static Reason? WhyNoParent(Host host, ParentName parent)
    {
        foreach (var (name, reason) in host.NotParents)
        {
            if (parent.Names(name, () => Pci))
                return reason;
        }

        return null;
    }
}
