using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>
/// The folder of a VF of an SR-IOV GPU under NVIDIA's vGPU driver: <c>physfn</c> leads to its PF, <c>nvidia/current_vgpu_type</c> is the
/// number of its type, 0 for none, and <c>nvidia/creatable_vgpu_types</c> lists what could be set now.
/// </summary>
internal static class VirtualFunction
{
    private const string Enabler = "/usr/lib/nvidia/sriov-manage -e";

    public static HostPath PathOf(Root root, PciAddress address) => root.PciDevices / address.Name;

    public static HostPath CurrentType(HostPath vf) => vf / "nvidia" / "current_vgpu_type";

    public static HostPath CreatableTypes(HostPath vf) => vf / "nvidia" / "creatable_vgpu_types";

    public static bool Is(HostPath path) =>
        FileStatus.Of(CurrentType(path), out _) is { IsRegular: true } && HostFile.LinkTarget(path / "physfn", out _) is not null;

    /// <returns>Its current type; false when it has none, or is no VF.</returns>
    public static bool HasType(HostPath vf, out SysfsName? type)
    {
        var text = HostFile.Read(CurrentType(vf), out var error)?.Trim();
        type = VgpuTypeList.IdOf(text);
        return !error.IsAbsent && text != "0";
    }

    /// <summary>The VFs of a PF by its <c>virtfn</c> links.</summary>
    public static IEnumerable<(PciAddress Address, HostPath Path)> Of(HostPath gpu)
    {
        foreach (var link in HostFile.List(gpu).Where(name => name.ToString().StartsWith("virtfn", StringComparison.Ordinal)))
        {
            if (PciAddress.TryParse(HostFile.LinkName(gpu / link)?.ToString(), out var address))
                yield return (address, gpu / link);
        }
    }

    /// <returns>Half a sentence with the command that enables the VFs of a PF of NVIDIA's; null when they are enabled, or it has none.</returns>
    public static string? WhyVfsAreDisabled(SysfsName gpu, HostPath path) =>
        HostFile.ReadTrimmed(path / "sriov_numvfs") == "0" && HostFile.ReadTrimmed(path / "sriov_totalvfs") is { } total && total != "0"
            && HostFile.LinkName(path / "driver")?.ToString() == "nvidia"
            ? $"its VFs are not enabled; run '{EnableCommand(gpu)}'"
            : null;

    public static string EnableCommand(SysfsName gpu) => $"{Enabler} {gpu}";

    /// <returns>Why an address names no VF that takes a type, as half a sentence; null when it does.</returns>
    public static string? WhyNotAVf(Root root, PciAddress address)
    {
        var path = PathOf(root, address);
        if (FileStatus.Of(path) is null)
            return $"there is no such PCI device; {WhereElse(root, address)}";
        if (HostFile.LinkTarget(path / "physfn") is null)
            return WhyNotAVfOfAPresentDevice(address.Name, path);
        if (Is(path))
            return null;
        if (FileStatus.Of(path / "mdev_supported_types") is not null)
            return $"it is a VF that takes mediated devices; declare a uuid with parent='{address}'";
        var driver = HostFile.LinkName(path / "driver");
        return $"it is a VF without nvidia/current_vgpu_type, as it has {(driver is null ? "no driver" : $"the driver '{driver}'")}; "
            + "bind it to NVIDIA's vGPU driver";
    }

    private static string WhyNotAVfOfAPresentDevice(SysfsName name, HostPath path)
    {
        if (WhyVfsAreDisabled(name, path) is { } asleep)
            return $"it is a PF, and {asleep} and declare one of them";
        return Of(path).Select(vf => $"it is a PF; declare one of its VFs, such as '{vf.Address}'").FirstOrDefault()
            ?? "it is no VF; 'virt-mdev types' lists the VFs of this host";
    }

    private static string WhereElse(Root root, PciAddress address)
    {
        var asleep = HostFile.List(root.PciDevices).Select(name => (Name: name, Why: WhyVfsAreDisabled(name, root.PciDevices / name)))
            .Where(pf => pf.Why is not null).ToArray();
        var own = asleep.Where(pf => WouldHave(root.PciDevices / pf.Name, pf.Name, address)).ToArray();
        return asleep.Length == 0
            ? "'virt-mdev types' lists the VFs of this host"
            : string.Join("; ", (own.Length > 0 ? own : asleep).Select(pf => $"'{pf.Name}' is a PF, and {pf.Why}"));
    }

    /// <summary>Where a PF's VFs come to be (PCI Express, SR-IOV capability: First VF Offset and VF Stride).</summary>
    private static bool WouldHave(HostPath path, SysfsName gpu, PciAddress address)
    {
        if (!PciAddress.TryParse(gpu.ToString(), out var pf) || pf.Domain != address.Domain
            || !int.TryParse(HostFile.ReadTrimmed(path / "sriov_offset"), out var offset)
            || !int.TryParse(HostFile.ReadTrimmed(path / "sriov_stride"), out var stride)
            || !int.TryParse(HostFile.ReadTrimmed(path / "sriov_totalvfs"), out var total))
            return false;
        var distance = address.RoutingId - pf.RoutingId - offset;
        return distance >= 0 && stride > 0 && distance % stride == 0 && distance / stride < total;
    }
}
