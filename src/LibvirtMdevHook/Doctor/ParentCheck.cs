using System.Collections.Immutable;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Settings;

namespace LibvirtMdevHook.Doctor;

/// <summary>
/// Whether the parents of this host offer what can be declared; those that the configuration
/// excludes are left out.
/// </summary>
internal static class ParentCheck
{
    private const string KernelLog = "the kernel's log may say why ('journalctl -k')";
    private const string DaemonsOrMig =
        "are NVIDIA's daemons up ('journalctl -b -u nvidia-vgpud -u nvidia-vgpu-mgr')? "
        + "In MIG mode, are there GPU instances ('nvidia-smi mig -lgi')?";

    public static IEnumerable<Finding> Of(Host host, HostSettings settings, bool isRoot)
    {
        if (host.Parents.IsEmpty)
        {
            return [Finding.Wrong(
                "no device of this host takes mediated devices or types of vGPUs",
                "load the vendor's driver for hosts; 'virt-mdev types' lists what it brings")];
        }

        var parents = host.Parents.RemoveAll(p => settings.ExcludedParents.Any(p.IsOn));
        if (parents.IsEmpty)
            return [Finding.Hint("the configuration excludes every parent of this host", "see excluded_parents there")];
        var silent = parents.Select(p => host.Silent.GetValueOrDefault(p.Gpu)).OfType<SilentGpu>().Distinct().ToArray();
        parents = parents.RemoveAll(p => host.Silent.ContainsKey(p.Gpu));
        var enabled = parents.RemoveAll(p => p.HasDisabledVfs);
        return
        [
            .. silent.Select(gpu => Finding.Wrong(gpu.WhyLeftOut, SilentGpu.Remedy)),
            .. parents.Where(p => p.HasDisabledVfs).Select(Disabled),
            .. enabled.SelectMany(p => Unreadable(p, isRoot)),
            .. VfsOfUnknownType(host),
            .. Empty(host, enabled),
            .. Offer(parents),
        ];
    }

    private static Finding Disabled(Parent pf) => Finding.Wrong(
        $"the VFs of '{pf.Name}' are not enabled",
        $"run '{VirtualFunction.EnableCommand(pf.Name)}', at best at every boot before libvirtd");

    /// <summary>
    /// The first of the parent's types or attributes that cannot be read, if there is one.
    /// </summary>
    private static IEnumerable<Finding> Unreadable(Parent parent, bool isRoot)
    {
        var reason = parent.Reason ?? parent.Types.Select(t => t.Reason).FirstOrDefault(reason => reason is not null);
        if (reason is null)
            return [];
        var what = $"'{parent.Name}': {reason}";
        var isForRoot = reason.Error == Errno.EACCES && !isRoot;
        return [isForRoot ? Finding.Unknown(what, "run this as root") : Finding.Wrong(what, KernelLog)];
    }

    private static IEnumerable<Finding> VfsOfUnknownType(Host host)
    {
        var vfs = host.Devices.Where(d => d.Key.Address is not null && d.Value.Type is null).OrderBy(d => d.Value.Parent);
        return vfs.Select(vf => Finding.Wrong($"the type of the VF '{vf.Key}' cannot be read from its current_vgpu_type", KernelLog));
    }

    private static IEnumerable<Finding> Empty(Host host, ImmutableArray<Parent> enabled)
    {
        foreach (var parent in enabled.Where(p => p.Dialect != Dialect.Vf))
        {
            if (parent is { HasTypes: true, Types.IsEmpty: true, Reason: null })
                yield return Finding.Wrong($"'{parent.Name}' offers no type", DaemonsOrMig);
        }

        foreach (var gpu in enabled.Where(p => p.Dialect == Dialect.Vf).GroupBy(p => p.Gpu))
        {
            var showsNoType = gpu.All(vf => vf is { Types.IsEmpty: true, Reason: null });
            var runsNothing = host.Devices.Values.All(place => place.Gpu != gpu.Key);
            if (showsNoType && runsNothing)
                yield return Finding.Wrong($"no VF of '{gpu.Key}' offers a type, though none has one", DaemonsOrMig);
        }
    }

    private static IEnumerable<Finding> Offer(ImmutableArray<Parent> parents)
    {
        var good = parents.Where(p => p.Types.Length > 0 || !p.HasTypes).ToArray();
        if (good.Length == 0)
            return [];
        var devices = Counted.Of(good.Select(p => p.Gpu).Distinct().Count(), "device offers", "devices offer");
        var types = Counted.Of(good.SelectMany(p => p.Types).Select(t => t.Title).Distinct().Count(), "type", "types");
        return [Finding.Well($"{devices} {types}; 'virt-mdev types' lists them")];
    }
}
