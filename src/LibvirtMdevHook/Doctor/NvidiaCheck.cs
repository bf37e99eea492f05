using System.Collections.Immutable;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Settings;

namespace LibvirtMdevHook.Doctor;

/// <summary>
/// Whether NVIDIA's driver has its daemon where it makes vGPUs, and at boot before libvirt.
/// </summary>
internal static class NvidiaCheck
{
    /// <param name="processes">Null when they could not be read.</param>
    public static IEnumerable<Finding> Of(
        ImmutableArray<ExaminedGpu> gpus, Host host, HostSettings settings, Processes? processes, BootOrder order)
    {
        var parents = GpuCheck.ParentsOf(host);
        var ofNvidia = gpus.Where(gpu => gpu.Device.IsNvidias && gpu.Device.Driver?.ToString() == NvidiaDriver.Name);
        var isInUse = ofNvidia.Any(gpu => parents.Contains(gpu.Name));
        return isInUse ? [.. OfDaemon(processes), .. OfOrder(settings, order)] : [];
    }

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
