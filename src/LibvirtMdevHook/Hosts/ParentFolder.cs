using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>The folder of a device that may be a parent.</summary>
/// <param name="Path">In its bus, or in class/mdev_bus.</param>
internal sealed record ParentFolder(SysfsName Name, HostPath Path)
{
    /// <summary>
    /// class/mdev_bus lists the parents of the mainline interface. Those of the 2016 interface, and
    /// VFs, are only in their bus.
    /// </summary>
    /// <returns>
    /// Every PCI device and every parent of the mainline interface, in the order of their names.
    /// </returns>
    public static IEnumerable<ParentFolder> All(Root root)
    {
        var bus = root.Sys / "class/mdev_bus";
        var paths = new SortedDictionary<SysfsName, HostPath>();
        foreach (var name in HostFile.List(root.PciDevices))
            paths[name] = root.PciDevices / name;
        foreach (var name in HostFile.List(bus))
            paths[name] = bus / name;
        return paths.Select(pair => new ParentFolder(pair.Key, pair.Value));
    }

    /// <returns>
    /// The names of the physical devices that are parents, or have VFs that are: what a declaration
    /// can name as a parent. No driver is asked.
    /// </returns>
    public static IEnumerable<SysfsName> Gpus(Root root)
    {
        var parents = All(root).Where(f => Dialect.Detect(f.Path) is not null || VirtualFunction.MayHaveDisabledVfs(f.Path));
        return parents.Select(f => PhysicalGpu.Of(f.Name, f.Path)).Distinct();
    }
}
