using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Doctor;

/// <summary>What this host has of VFIO.</summary>
/// <param name="HasGroups">
/// There are IOMMU groups: an IOMMU's, or those that mediated devices bring.
/// </param>
/// <param name="HasContainer">There is /dev/vfio/vfio, by which QEMU reaches all groups.</param>
/// <param name="HasIommufd">There is /dev/iommu, by which QEMU reaches cdevs.</param>
/// <param name="HasGroupNodes">
/// The kernel has nodes of groups, or may have them: it was built with CONFIG_VFIO_GROUP. That it
/// was not shows only where VFIO is loaded, and has cdevs alone.
/// </param>
/// <param name="Untaken">
/// The mediated devices that no VFIO driver has taken, each with the reason.
/// </param>
internal sealed record Vfio(
    bool HasGroups,
    bool HasContainer,
    bool HasIommufd,
    bool HasGroupNodes,
    ImmutableArray<(DeviceId Device, MissingVfioDriver Driver)> Untaken)
{
    public static Vfio Read(Root root)
    {
        var hasContainer = FileStatus.OfLink(root.Vfio / "vfio", out _) is not null;
        return new Vfio(
            HostFile.List(root.Sys / "kernel/iommu_groups").Count > 0,
            hasContainer,
            FileStatus.OfLink(root.At("/dev/iommu"), out _) is not null,
            hasContainer || ShowsGroupNodes(root) || !ShowsCdevs(root),
            ReadUntaken(root));
    }

    /// <summary>The class has the groups' nodes alone; cdevs are in class/vfio-dev.</summary>
    private static bool ShowsGroupNodes(Root root) =>
        FileStatus.Of(root.Sys / "class/vfio", out _) is not null
        || HostFile.List(root.Vfio).Any(name => name.ToString().All(char.IsAsciiDigit));

    private static bool ShowsCdevs(Root root) =>
        FileStatus.Of(root.Sys / "class/vfio-dev", out _) is not null || HostFile.List(root.VfioCdevs).Count > 0;

    private static ImmutableArray<(DeviceId Device, MissingVfioDriver Driver)> ReadUntaken(Root root)
    {
        var untaken = ImmutableArray.CreateBuilder<(DeviceId Device, MissingVfioDriver Driver)>();
        foreach (var name in HostFile.List(root.MdevDevices))
        {
            if (DeviceId.TryParse(name.ToString(), out var device) && VfioNodes.OfPath(root.MdevDevices / name).IsEmpty)
                untaken.Add((device, MissingVfioDriver.Of(root, device)));
        }

        return untaken.ToImmutable();
    }
}
