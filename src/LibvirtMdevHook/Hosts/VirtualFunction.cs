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

    /// <returns>The first of the VFs of a PF; null when it has none.</returns>
    public static (PciAddress Address, HostPath Path)? FirstOf(HostPath gpu)
    {
        foreach (var vf in Of(gpu))
            return vf;
        return null;
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
}
