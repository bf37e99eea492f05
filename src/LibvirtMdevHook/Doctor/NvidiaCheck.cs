using System.Collections.Immutable;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Settings;

namespace LibvirtMdevHook.Doctor;

/// <summary>
/// Whether NVIDIA's GPUs have a driver that makes vGPUs, and whether that driver has its daemon.
/// </summary>
internal static class NvidiaCheck
{

    /// <param name="processes">Null when they could not be read.</param>
    public static IEnumerable<Finding> Of(
        ImmutableArray<NvidiaGpu> gpus, Host host, HostSettings settings, Processes? processes, BootOrder order)
    {
        var parents = host.Parents.SelectMany(p => new[] { p.Name, p.Gpu }).ToHashSet();
        Finding[] idle = [.. IdleGpus(gpus, parents), .. IdleVfs(gpus, parents)];
        var isInUse = gpus.Any(gpu => parents.Contains(gpu.Name) && gpu.Driver?.ToString() == NvidiaDriver.Name);
        return isInUse ? [.. idle, .. OfDaemon(processes), .. OfOrder(settings, order)] : idle;
    }

    /// <summary>The GPUs without VFs that are no parents.</summary>
    /// <param name="parents">With the GPUs of VFs.</param>
    private static IEnumerable<Finding> IdleGpus(ImmutableArray<NvidiaGpu> gpus, HashSet<SysfsName> parents)
    {
        var severity = parents.Count == 0 ? Severity.Wrong : Severity.Hint;
        foreach (var gpu in gpus.Where(gpu => gpu.Pf is null && !parents.Contains(gpu.Name)))
        {
            if (!gpus.Any(vf => vf.Pf == gpu.Name))
                yield return IdleGpu(gpu, severity);
        }
    }

    private static Finding IdleGpu(NvidiaGpu gpu, Severity severity)
    {
        if (gpu.Driver?.ToString() == NvidiaDriver.Name)
        {
            return new Finding(
                $"the driver of '{gpu.Name}', 'nvidia', makes no vGPUs of it",
                "is it NVIDIA's driver for hosts of vGPUs, and does that support this GPU? 'journalctl -b -u nvidia-vgpud' says more",
                severity);
        }

        return new Finding(
            $"'{gpu.Name}' has {InWords(gpu.Driver)}, and makes no vGPUs",
            "bind it to NVIDIA's driver for hosts of vGPUs, if it is to make some",
            severity);
    }

    /// <summary>The VFs that are no parents, counted for each PF and driver.</summary>
    private static IEnumerable<Finding> IdleVfs(ImmutableArray<NvidiaGpu> gpus, HashSet<SysfsName> parents)
    {
        foreach (var vfs in gpus.Where(vf => vf.Pf is not null && !parents.Contains(vf.Name)).GroupBy(vf => (Pf: vf.Pf!, vf.Driver)))
        {
            var count = vfs.Count();
            var have = count == 1 ? "it has" : "they have";
            yield return new Finding(
                $"{Counted.Of(count, "VF", "VFs")} of '{vfs.Key.Pf}' without nvidia/current_vgpu_type: {have} {InWords(vfs.Key.Driver)}",
                "bind them to NVIDIA's vGPU driver; managed='yes' of some domain may have taken them away",
                parents.Contains(vfs.Key.Pf) ? Severity.Hint : Severity.Wrong);
        }
    }

    private static string InWords(SysfsName? driver) => driver is null ? "no driver" : $"the driver '{driver}'";

    private static IEnumerable<Finding> OfDaemon(Processes? processes)
    {
        if (processes is null)
            return [];
        if (processes.HasVgpuManager)
            return [Finding.Well($"{Processes.VgpuManager} runs")];
        if (!processes.IsComplete)
        {
            return [Finding.Unknown(
                $"whether {Processes.VgpuManager} runs cannot be seen: /proc shows no processes of others",
                "run this as root")];
        }

        return [Finding.Wrong(
            $"{Processes.VgpuManager} does not run, without which no vGPU starts",
            $"run 'systemctl start {Processes.VgpuManager}'; 'journalctl -b -u {Processes.VgpuManager}' says more")];
    }

    private static IEnumerable<Finding> OfOrder(HostSettings settings, BootOrder order)
    {
        if (order.IsLibvirtAfterNvidia || settings.WaitForTypes != TimeSpan.Zero)
            return [];
        return [Finding.Hint(
            "at boot nothing lets libvirtd wait for NVIDIA's daemons, so that domains with autostart may find no types",
            "run './install.sh --wait-for-nvidia', or set wait_for_types in the configuration")];
    }
}
