using LibvirtMdevHook.Simulator.HostFiles;
using LibvirtMdevHook.Simulator.Tree;

namespace LibvirtMdevHook.Simulator.Kernel;

/// <summary>Puts a PCI device that is no parent into the tree, with its VFs, each of which has a group of its own.</summary>
internal static class OtherPciDevice
{
    public static void Add(Machine machine, OtherDevice device)
    {
        var folder = PhysicalDevice.Build(machine.Root, Describe(device.Path, device.Driver, device.Pci));
        if (device.Vfs is not { } vfs)
            return;
        var enabled = vfs.Enabled ? vfs.Count : 0;
        folder.Add("sriov_totalvfs", SysfsFile.Fixed($"{vfs.Count}"));
        folder.Add("sriov_numvfs", SysfsFile.Fixed($"{enabled}"));
        for (var number = 0; number < enabled; number++)
            AddVf(machine, device, vfs, folder, number);
    }

    private static void AddVf(Machine machine, OtherDevice device, VfsDescription vfs, Folder pf, int number)
    {
        var address = VfsDescription.AddressOf(device.Name, number);
        var path = $"{device.Path[..device.Path.LastIndexOf('/')]}/{address}";
        var driver = number < vfs.Count - vfs.Unbound ? vfs.Driver : null;
        var folder = PhysicalDevice.Build(machine.Root, Describe(path, driver, device.Pci));
        folder.AddLink("physfn", pf);
        pf.AddLink($"virtfn{number}", folder);
        machine.NewVfioDevice(folder, isMdev: false);
    }

    /// <summary>The dialect has no meaning here.</summary>
    private static ParentDescription Describe(string path, string? driver, PciIdentity pci) =>
        new(path.Split('/')[^1], path, "bus/pci", driver, SimulatedDialect.Mdev) { Pci = pci, Rules = new Rules() };
}
