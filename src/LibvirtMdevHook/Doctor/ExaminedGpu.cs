using System.Collections.Immutable;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Doctor;

/// <summary>A GPU, or a VF of one, whether or not it makes vGPUs.</summary>
/// <param name="Obstacle">
/// Why it serves no vGPU; null for a parent, and where there is nothing to say.
/// </param>
internal sealed record ExaminedGpu(PciDevice Device, GpuObstacle? Obstacle)
{
    public SysfsName Name => Device.Name;

    public SysfsName? Pf => Device.Pf;

    public static ImmutableArray<ExaminedGpu> ReadAll(Root root)
    {
        var gpus = ImmutableArray.CreateBuilder<ExaminedGpu>();
        foreach (var name in HostFile.List(root.PciDevices))
        {
            var device = PciDevice.Read(name, root.PciDevices / name);
            if (!device.IsGpu)
                continue;
            var isParent = Dialect.Detect(device.Path) is not null;
            gpus.Add(new ExaminedGpu(device, isParent ? null : GpuObstacle.Of(root, device)));
        }

        return gpus.ToImmutable();
    }
}
