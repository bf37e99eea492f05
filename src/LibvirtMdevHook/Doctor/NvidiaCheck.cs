using System.Collections.Immutable;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Settings;

namespace LibvirtMdevHook.Doctor;

/// <summary>Whether NVIDIA's GPUs have a driver that makes vGPUs, and that driver its daemon.</summary>
internal static class NvidiaCheck
{
    private const string Topic = "nvidia";
    private const string Driver = "nvidia";

    /// <param name="processes">Null when they could not be read.</param>
    public static IEnumerable<Finding> Of(ImmutableArray<NvidiaGpu> gpus, Host host, HostSettings settings, Processes? processes, BootOrder order)
    {
        var parents = host.Parents.SelectMany(p => new[] { p.Name, p.Gpu }).ToHashSet();
        Finding[] idle =
        [
            .. gpus.Where(gpu => gpu.Pf is null && !parents.Contains(gpu.Name) && !gpus.Any(vf => vf.Pf == gpu.Name))
                .Select(gpu => Idle(gpu, isWrong: parents.Count == 0)),
            .. gpus.Where(vf => vf.Pf is not null && !parents.Contains(vf.Name)).GroupBy(vf => (vf.Pf!, vf.Driver))
                .Select(vfs => Idle(vfs.Key.Item1, vfs.Key.Driver, vfs.Count(), isWrong: !parents.Contains(vfs.Key.Item1))),
        ];
        var isInUse = gpus.Any(gpu => parents.Contains(gpu.Name) && gpu.Driver?.ToString() == Driver);
        return isInUse ? [.. idle, .. Daemon(processes), .. Order(settings, order)] : idle;
    }

    private static Finding Idle(NvidiaGpu gpu, bool isWrong)
    {
        var name = gpu.Driver?.ToString();
        var what = name == Driver ? $"the driver of '{gpu.Name}', 'nvidia', makes no vGPUs of it" : $"'{gpu.Name}' has {DriverIn(gpu.Driver)}, and makes no vGPUs";
        var remedy = name == Driver
            ? "is it NVIDIA's driver for hosts of vGPUs, and does that support this GPU? 'journalctl -b -u nvidia-vgpud' says more"
            : "bind it to NVIDIA's driver for hosts of vGPUs, if it is to make some";
        return new Finding(Topic, what, remedy, isWrong ? Severity.Wrong : Severity.Hint);
    }

    private static Finding Idle(SysfsName pf, SysfsName? driver, int count, bool isWrong) => new(
        Topic,
        $"{ParentCheck.Count(count, "VF", "VFs")} of '{pf}' without nvidia/current_vgpu_type: {(count == 1 ? "it has" : "they have")} {DriverIn(driver)}",
        "bind them to NVIDIA's vGPU driver; managed='yes' of some domain may have taken them away",
        isWrong ? Severity.Wrong : Severity.Hint);

    private static string DriverIn(SysfsName? driver) => driver is null ? "no driver" : $"the driver '{driver}'";

    private static IEnumerable<Finding> Daemon(Processes? processes)
    {
        if (processes is null)
            yield break;
        yield return processes.HasVgpuManager ? Finding.Well(Topic, $"{Processes.VgpuManager} runs")
            : processes.IsComplete ? Finding.Wrong(
                Topic,
                $"{Processes.VgpuManager} does not run, without which no vGPU starts",
                $"run 'systemctl start {Processes.VgpuManager}'; 'journalctl -b -u {Processes.VgpuManager}' says more")
            : Finding.Unknown(
                Topic,
                $"whether {Processes.VgpuManager} runs cannot be seen: /proc shows no processes of others",
                "run this as root");
    }

    private static IEnumerable<Finding> Order(HostSettings settings, BootOrder order)
    {
        if (!order.IsLibvirtAfterNvidia && settings.WaitForTypes == TimeSpan.Zero)
        {
            yield return Finding.Hint(
                Topic,
                "at boot nothing lets libvirtd wait for NVIDIA's daemons, so that domains with autostart may find no types",
                "run './install.sh --wait-for-nvidia', or set wait_for_types in the configuration");
        }
    }
}
