using LibvirtMdevHook.Hosts;

namespace LibvirtMdevHook.Doctor;

/// <summary>What the installed version of libvirt cannot do.</summary>
internal static class LibvirtCheck
{
    /// <summary>
    /// Older ones refuse an unmanaged PCI device whose driver is none that they know, and NVIDIA's
    /// is not vfio-pci.
    /// </summary>
    private static readonly Version FirstWithVfs = new(9, 7, 0);

    /// <summary>
    /// The minor version that was seen to delete a saved state. Neither 9.0 nor 12.8 does.
    /// </summary>
    private static readonly Version LosesSaves = new(11, 3);

    /// <param name="host">Null when it could not be read.</param>
    /// <param name="makesMdevs">
    /// NVIDIA's driver makes VFs parents of mediated devices on this kernel.
    /// </param>
    public static IEnumerable<Finding> Of(HookFiles hook, Host? host, bool makesMdevs)
    {
        if (hook.Libvirt is not { } version)
            return [];
        return [.. OfVfs(version, host, makesMdevs), .. OfSaves(version, hook)];
    }

    private static IEnumerable<Finding> OfVfs(Version version, Host? host, bool makesMdevs)
    {
        var vfs = host?.Parents.Where(p => p.Dialect == Dialect.Vf).ToArray() ?? [];
        if (version >= FirstWithVfs || vfs.Length == 0)
            return [];
        var what = $"libvirt {version} starts no domain with a VF of NVIDIA's driver, as that is not vfio-pci (9.7 and later do)";
        const string remedy = "upgrade libvirt, or take a kernel on which NVIDIA's driver makes mediated devices (before Linux 6.8); "
            + "managed='yes' or vfio-pci would take the type away";
        if (vfs.Any(vf => !vf.HasDisabledVfs))
            return [Finding.Wrong(what, remedy)];
        return makesMdevs ? [] : [Finding.Hint(what, remedy)];
    }

    private static IEnumerable<Finding> OfSaves(Version version, HookFiles hook)
    {
        if (version.Major != LosesSaves.Major || version.Minor != LosesSaves.Minor)
            return [];
        var what = $"libvirt {version} deletes the managed save of a domain when a hook fails at its restore, and says that it was started";
        if (hook.OtherHooks.IsEmpty)
            return [Finding.Well($"{what}; this hook never fails there, and there is no other")];
        return
        [
            Finding.Hint(
                $"{what}; this hook never fails there, others may ('{string.Join("', '", hook.OtherHooks)}')",
                "let them succeed at the operation 'restore', or upgrade libvirt (12.8 keeps the save)"),
        ];
    }
}
