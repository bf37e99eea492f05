using System.Collections.Immutable;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Doctor;

/// <summary>A GPU of NVIDIA's, or a VF of one, whether or not it makes vGPUs.</summary>
/// <param name="Driver">Null when it has none.</param>
/// <param name="Pf">A VF's PF; null for a GPU.</param>
internal sealed record NvidiaGpu(SysfsName Name, SysfsName? Driver, SysfsName? Pf)
{
    private const string ClassOfDisplays = "0x03";

    public static ImmutableArray<NvidiaGpu> ReadAll(Root root)
    {
        var gpus = ImmutableArray.CreateBuilder<NvidiaGpu>();
        foreach (var name in HostFile.List(root.PciDevices))
        {
            var device = root.PciDevices / name;
            if (IsGpu(device))
                gpus.Add(new NvidiaGpu(name, HostFile.LinkName(device / "driver"), HostFile.LinkName(device / "physfn")));
        }

        return gpus.ToImmutable();
    }

    private static bool IsGpu(HostPath device) => NvidiaDriver.Made(device)
        && HostFile.ReadTrimmed(device / "class")?.StartsWith(ClassOfDisplays, StringComparison.Ordinal) == true;
}
