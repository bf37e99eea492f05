using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Settings;

namespace LibvirtMdevHook.Doctor;

/// <summary>Whether the parents of this host offer what can be declared; those that the configuration excludes are left out.</summary>
internal static class ParentCheck
{
    private const string Topic = "parents";
    private const string DaemonsOrMig = "are NVIDIA's daemons up ('journalctl -b -u nvidia-vgpud -u nvidia-vgpu-mgr')? In MIG mode, are there GPU "
        + "instances ('nvidia-smi mig -lgi')?";

    public static IEnumerable<Finding> Of(Host host, HostSettings settings, bool isRoot)
    {
        var parents = host.Parents.Where(p => !settings.ExcludedParents.Any(p.IsOn)).ToArray();
        Finding[] found =
        [
            .. parents.Where(p => p.HasDisabledVfs).Select(Asleep),
            .. parents.Where(p => !p.HasDisabledVfs).SelectMany(p => Unreadable(p, isRoot)),
            .. host.Devices.Where(d => d.Value is { Type: null, Gpu: not null }).OrderBy(d => d.Value.Parent).Select(d => Finding.Wrong(
                Topic, $"the type of the VF '{d.Key}' cannot be read from its current_vgpu_type", "the kernel's log may say why ('journalctl -k')")),
            .. parents.Where(p => p.Dialect != Dialect.Vf && p is { HasTypes: true, Types.IsEmpty: true, Reason: null }).Select(Empty),
            .. parents.Where(p => p.Dialect == Dialect.Vf && !p.HasDisabledVfs).GroupBy(p => p.Gpu).Where(gpu => ShowsNothing(host, gpu)).Select(Empty),
        ];
        if (host.Parents.IsEmpty)
            return [Finding.Wrong(
                Topic,
                "no device of this host takes mediated devices or types of vGPUs",
                "load the vendor's driver for hosts; 'virt-mdev types' lists what it brings")];
        if (parents.Length == 0)
            return [Finding.Hint(Topic, "the configuration excludes every parent of this host", "see excluded_parents there")];
        var good = parents.Where(p => p.Types.Length > 0 || !p.HasTypes).ToArray();
        var types = good.SelectMany(p => p.Types).Select(t => t.Title).Distinct().Count();
        return good.Length == 0 ? found
            : [.. found, Finding.Well(
                Topic,
                $"{Count(good.Select(p => p.Gpu).Distinct().Count(), "device offers", "devices offer")} "
                    + $"{Count(types, "type", "types")}; 'virt-mdev types' lists them")];
    }

    public static string Count(int number, string one, string many) => $"{number} {(number == 1 ? one : many)}";

    private static Finding Asleep(Parent pf) =>
        Finding.Wrong(
            Topic,
            $"the VFs of '{pf.Name}' are not enabled",
            $"run '{VirtualFunction.EnableCommand(pf.Name)}', at best at every boot before libvirtd");

    private static IEnumerable<Finding> Unreadable(Parent parent, bool isRoot) => parent.Types.Select(t => t.Trouble).Prepend(parent.Reason).OfType<string>()
        .Take(1).Select(trouble => isRoot || !trouble.Contains(Errno.EACCES.Name, StringComparison.Ordinal)
            ? Finding.Wrong(Topic, $"'{parent.Name}': {trouble}", "the kernel's log may say why ('journalctl -k')")
            : Finding.Unknown(Topic, $"'{parent.Name}': {trouble}", "run this as root"));

    private static Finding Empty(Parent parent) => Finding.Wrong(Topic, $"'{parent.Name}' offers no type", DaemonsOrMig);

    private static Finding Empty(IGrouping<SysfsName, Parent> gpu) => Finding.Wrong(
        Topic,
        $"no VF of '{gpu.Key}' offers a type, though none has one",
        DaemonsOrMig);

    private static bool ShowsNothing(Host host, IGrouping<SysfsName, Parent> gpu) =>
        gpu.All(vf => vf is { Types.IsEmpty: true, Reason: null }) && host.Devices.Values.All(place => place.Gpu != gpu.Key);
}
