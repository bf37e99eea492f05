using System.Collections.Immutable;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Doctor;

/// <summary>A GPU of NVIDIA's, or a VF of one, whether or not it is good for vGPUs.</summary>
/// <param name="Driver">Null when it has none.</param>
/// <param name="Pf">A VF's PF; null for a GPU.</param>
internal sealed record NvidiaGpu(SysfsName Name, SysfsName? Driver, SysfsName? Pf)
{
    private const string Vendor = "0x10de";
    private const string ClassOfDisplays = "0x03";

    public static ImmutableArray<NvidiaGpu> ReadAll(Root root) =>
        [.. HostFile.List(root.PciDevices).Where(name => Is(root.PciDevices / name)).Select(name => Read(root.PciDevices / name, name))];

    private static bool Is(HostPath device) =>
        HostFile.ReadTrimmed(device / "vendor") == Vendor && HostFile.ReadTrimmed(device / "class")?.StartsWith(ClassOfDisplays, StringComparison.Ordinal) == true;

    private static NvidiaGpu Read(HostPath device, SysfsName name) => new(name, HostFile.LinkName(device / "driver"), HostFile.LinkName(device / "physfn"));
}
