using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>Whether a declared address names a VF that takes a type.</summary>
internal static class VfAddress
{
    private const string ListsVfs = "'virt-mdev types' lists the VFs of this host";

    /// <returns>Why an address does not name a VF that takes a type; null when it does.</returns>
    public static Reason? WhyNotAVf(Root root, PciAddress address)
    {
        var path = VirtualFunction.PathOf(root, address);
        if (FileStatus.Of(path) is null)
            return $"there is no such PCI device; {WhereVfsAre(root, address)}";
        if (VirtualFunction.Is(path))
            return null;
        var device = PciDevice.Read(address.Name, path);
        if (device.Pf is null)
            return WhyNotAVf(root, device);
        if (Dialect.Detect(path) is not null)
            return $"it is a VF that takes mediated devices; declare a uuid with parent='{address}'";
        return GpuObstacle.Of(root, device)!.Reason;
    }

    private static Reason WhyNotAVf(Root root, PciDevice device)
    {
        if (VirtualFunction.WhyVfsAreDisabled(device.Name, device.Path) is { } disabled)
            return new($"it is a PF, and {disabled} and declare one of them");
        if (Dialect.Detect(device.Path) is not null)
            return new($"it is no VF, but takes mediated devices; declare a uuid with parent='{device.Name}'");
        if (!device.IsOfAnotherVendor && VirtualFunction.FirstOf(device.Path) is { } vf)
        {
            return new(Dialect.Detect(vf.Path) == Dialect.Mdev
                ? $"it is a PF, whose VFs take mediated devices; declare a uuid with parent='{vf.Address}'"
                : $"it is a PF; declare one of its VFs, such as '{vf.Address}'");
        }

        if (GpuObstacle.Of(root, device) is not { } obstacle)
            return new($"it is no VF; {ListsVfs}");
        return obstacle.IsByDesign ? obstacle.Reason : new($"it is no VF, and {obstacle.Predicate}; {obstacle.Remedy}");
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
            if (!VirtualFunction.MayHaveDisabledVfs(path) || GpuRead.FindSilent(root, name) is not null)
                continue;
            if (VirtualFunction.WhyVfsAreDisabled(name, path) is not { } disabled)
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
