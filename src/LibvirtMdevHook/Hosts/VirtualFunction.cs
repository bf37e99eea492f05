using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>
/// The folder of a VF of an SR-IOV GPU under NVIDIA's vGPU driver. <c>physfn</c> leads to its PF.
/// <c>nvidia/current_vgpu_type</c> is the number of its type, 0 for none.
/// <c>nvidia/creatable_vgpu_types</c> lists the types that can be set now.
/// </summary>
internal static class VirtualFunction
{
    private const string Enabler = "/usr/lib/nvidia/sriov-manage -e";

    private const string ListsVfs = "'virt-mdev types' lists the VFs of this host";

    public static HostPath PathOf(Root root, PciAddress address) => root.PciDevices / address.Name;

    public static HostPath CurrentType(HostPath vf) => vf / NvidiaDriver.Name / "current_vgpu_type";

    public static HostPath CreatableTypes(HostPath vf) => vf / NvidiaDriver.Name / "creatable_vgpu_types";

    public static bool Is(HostPath path) =>
        FileStatus.Of(CurrentType(path), out _) is { IsRegular: true }
        && HostFile.LinkTarget(path / "physfn", out _) is not null;

    /// <param name="type">
    /// The VF's type; null when it has none, or when the type cannot be read.
    /// </param>
    /// <returns>
    /// False when it has no type, or is no VF. True when the type cannot be read.
    /// </returns>
    public static bool HasType(HostPath vf, out SysfsName? type)
    {
        var text = HostFile.Read(CurrentType(vf), out var error)?.Trim();
        type = VgpuTypeList.IdOf(text);
        return !error.IsAbsent && text != "0";
    }

    /// <returns>The VFs of a PF, by its <c>virtfn</c> links.</returns>
    public static IEnumerable<(PciAddress Address, HostPath Path)> Of(HostPath gpu)
    {
        foreach (var link in HostFile.List(gpu))
        {
            if (!link.ToString().StartsWith("virtfn", StringComparison.Ordinal))
                continue;
            if (PciAddress.TryParse(HostFile.LinkName(gpu / link)?.ToString(), out var address))
                yield return (address, gpu / link);
        }
    }

    /// <summary>
    /// Tells by links and names alone, without asking a driver, whether
    /// <see cref="WhyVfsAreDisabled"/> has to look at a device.
    /// </summary>
    public static bool MayHaveDisabledVfs(HostPath path) =>
        FileStatus.Of(path / "sriov_numvfs", out _) is not null && NvidiaDriver.Drives(path);

    /// <returns>
    /// The reason with the command that enables the VFs; null when they are enabled, or the device
    /// is no PF of NVIDIA's driver.
    /// </returns>
    public static Reason? WhyVfsAreDisabled(SysfsName gpu, HostPath path)
    {
        if (HostFile.ReadTrimmed(path / "sriov_numvfs") != "0")
            return null;
        if (HostFile.ReadTrimmed(path / "sriov_totalvfs") is null or "0" || !NvidiaDriver.Drives(path))
            return null;
        return $"its VFs are not enabled; run '{EnableCommand(gpu)}'";
    }

    public static string EnableCommand(SysfsName gpu) => $"{Enabler} {gpu}";

    /// <returns>Why an address does not name a VF that takes a type; null when it does.</returns>
    public static Reason? WhyNotAVf(Root root, PciAddress address)
    {
        var path = PathOf(root, address);
        if (FileStatus.Of(path) is null)
            return $"there is no such PCI device; {WhereVfsAre(root, address)}";
        if (HostFile.LinkTarget(path / "physfn") is null)
            return WhyNotAVfOfAPresentDevice(address.Name, path);
        if (Is(path))
            return null;
        if (FileStatus.Of(path / "mdev_supported_types") is not null)
            return $"it is a VF that takes mediated devices; declare a uuid with parent='{address}'";
        var driver = HostFile.LinkName(path / "driver") is { } name ? $"the driver '{name}'" : "no driver";
        return $"it is a VF without nvidia/current_vgpu_type, as it has {driver}; bind it to NVIDIA's vGPU driver";
    }

    private static string WhyNotAVfOfAPresentDevice(SysfsName name, HostPath path)
    {
        if (WhyVfsAreDisabled(name, path) is { } disabled)
            return $"it is a PF, and {disabled} and declare one of them";
        var vfs = Of(path).Select(vf => vf.Address).Take(1).ToArray();
        return vfs.Length > 0 ? $"it is a PF; declare one of its VFs, such as '{vfs[0]}'" : $"it is no VF; {ListsVfs}";
    }

    /// <returns>
    /// The PFs without enabled VFs: those to which the address would belong, or else all of them.
    /// </returns>
    private static string WhereVfsAre(Root root, PciAddress address)
    {
        var all = new List<string>();
        var ofAddress = new List<string>();
        foreach (var name in HostFile.List(root.PciDevices))
        {
            var path = root.PciDevices / name;
            // This is read for another device, which must not wait for the driver of this one.
            if (!MayHaveDisabledVfs(path) || GpuRead.FindSilent(root, name) is not null)
                continue;
            if (WhyVfsAreDisabled(name, path) is not { } disabled)
                continue;
            var sentence = $"'{name}' is a PF, and {disabled}";
            all.Add(sentence);
            if (WouldHave(path, name, address))
                ofAddress.Add(sentence);
        }

        if (all.Count == 0)
            return ListsVfs;
        return string.Join("; ", ofAddress.Count > 0 ? ofAddress : all);
    }

    /// <returns>
    /// True when a VF of the PF gets the address once it is enabled (PCI Express, SR-IOV
    /// capability: First VF Offset and VF Stride).
    /// </returns>
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
