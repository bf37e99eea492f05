using System.Collections.Immutable;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Doctor;

/// <summary>
/// The GPUs, and the VFs of GPUs, that serve no vGPU. What keeps them from it is said in the words
/// of the refusals.
/// </summary>
internal static class GpuCheck
{
    public static IEnumerable<Finding> OfNvidias(ImmutableArray<ExaminedGpu> gpus, Host host)
    {
        var parents = ParentsOf(host);
        var idle = gpus.Where(gpu => gpu.Obstacle is not null && gpu.Device.IsNvidias && !parents.Contains(gpu.Name)).ToArray();
        var severity = parents.Count == 0 ? Severity.Wrong : Severity.Hint;
        foreach (var gpu in WithoutVfs(idle, gpus))
            yield return Of([gpu], severity);
        foreach (var vfs in VfsOf(idle))
            yield return Of([.. vfs], parents.Contains(vfs.Key.Pf) ? Severity.Hint : Severity.Wrong);
    }

    /// <summary>
    /// What other vendors' VFs are for, and how Intel's GPUs may make mediated devices.
    /// </summary>
    public static IEnumerable<Finding> OfOthers(ImmutableArray<ExaminedGpu> gpus, Host host)
    {
        var idle = gpus.Where(gpu => gpu.Obstacle is not null && gpu.Device.IsOfAnotherVendor).ToArray();
        foreach (var gpu in WithoutVfs(idle, gpus).Where(gpu => gpu.Device.Vendor == PciDevice.Intel))
            yield return Of([gpu], host.Parents.IsEmpty && !gpu.Obstacle!.IsByDesign ? Severity.Hint : Severity.Well);
        foreach (var vfs in VfsOf(idle))
            yield return Of([.. vfs], Severity.Well);
    }

    /// <returns>The parents with the GPUs of VFs.</returns>
    public static HashSet<SysfsName> ParentsOf(Host host) => host.Parents.SelectMany(p => new[] { p.Name, p.Gpu }).ToHashSet();

    private static IEnumerable<ExaminedGpu> WithoutVfs(ExaminedGpu[] idle, ImmutableArray<ExaminedGpu> gpus)
    {
        var pfs = gpus.Select(gpu => gpu.Pf).OfType<SysfsName>().ToHashSet();
        return idle.Where(gpu => gpu.Pf is null && !pfs.Contains(gpu.Name));
    }

    /// <returns>The VFs, grouped by what differs between the findings about them.</returns>
    private static IEnumerable<IGrouping<(SysfsName Pf, SysfsName? Driver), ExaminedGpu>> VfsOf(ExaminedGpu[] gpus) =>
        gpus.Where(vf => vf.Pf is not null).GroupBy(vf => (vf.Pf!, vf.Device.Driver));

    /// <param name="alike">Devices with one finding, which the first of them stands for.</param>
    private static Finding Of(ExaminedGpu[] alike, Severity severity)
    {
        var (first, obstacle) = (alike[0], alike[0].Obstacle!);
        var what = alike.Length == 1
            ? $"'{first.Name}' {obstacle.Predicate}"
            : $"{alike.Length} VFs of '{first.Pf}' serve no vGPUs: each, such as '{first.Name}', {obstacle.Predicate}";
        var namesOne = obstacle.Remedy.Contains($"{first.Name}", StringComparison.Ordinal)
            || obstacle.Remedy.Contains(first.Device.NodeDevice, StringComparison.Ordinal);
        var remedy = alike.Length > 1 && namesOne ? $"{obstacle.Remedy}; the same for the others" : obstacle.Remedy;
        return severity == Severity.Well ? Finding.Well($"{what}; {remedy}") : new Finding(what, remedy, severity);
    }
}
