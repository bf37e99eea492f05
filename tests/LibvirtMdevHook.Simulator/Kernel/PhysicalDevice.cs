using System.Buffers.Binary;
using System.Globalization;
using LibvirtMdevHook.Simulator.HostFiles;
using LibvirtMdevHook.Simulator.Tree;

namespace LibvirtMdevHook.Simulator.Kernel;

/// <summary>The folder of a physical device and the links to it, whether or not it is a parent.</summary>
internal static class PhysicalDevice
{
    /// <param name="stays">It exists as long as the simulator runs.</param>
    public static Folder Build(Folder root, ParentDescription description, bool stays = true)
    {
        var path = "sys/devices/" + description.Path;
        var folder = stays ? root.Make(path) : root.Make(path[..path.LastIndexOf('/')]).Add(path.Split('/')[^1]);
        var subsystem = root.Make("sys/" + description.Subsystem);
        var links = description.Subsystem.StartsWith("bus/", StringComparison.Ordinal) ? subsystem.Make("devices") : subsystem;
        links.Add(description.Name, new Link(folder) { Permanent = stays });
        folder.AddLink("subsystem", subsystem);
        if (description.Driver is { } name)
        {
            var driver = subsystem.Make("drivers/" + name);
            driver.AddLink(description.Name, folder);
            folder.AddLink("driver", driver);
            if (description.DriverVersion is { } version && driver.Find("module") is null)
            {
                var module = root.Make("sys/module/" + name);
                module.Add("version", SysfsFile.Fixed(version));
                driver.AddLink("module", module);
            }
        }

        if (description.Pci is { } pci)
            AddPci(folder, description, pci);
        else
            folder.Add("uevent", SysfsFile.Of(() => description.Driver is null ? "" : $"DRIVER={description.Driver}\n"));
        return folder;
    }

    /// <summary>Removes a device, with the links to it.</summary>
    public static void TakeAway(Folder root, Folder device)
    {
        root.Make("sys/bus/pci/devices").Remove(device.Name);
        foreach (var driver in root.Make("sys/bus/pci/drivers").Children.OfType<Folder>())
            driver.Remove(device.Name);
        device.Parent!.Remove(device.Name);
    }

    private static void AddPci(Folder folder, ParentDescription description, PciIdentity pci)
    {
        folder.Add("vendor", SysfsFile.Fixed($"0x{pci.Vendor:x4}"));
        folder.Add("device", SysfsFile.Fixed($"0x{pci.Device:x4}"));
        folder.Add("class", SysfsFile.Fixed($"0x{pci.Class:x6}"));
        folder.Add("revision", SysfsFile.Fixed("0xa1"));
        folder.Add("subsystem_vendor", SysfsFile.Fixed($"0x{pci.Vendor:x4}"));
        folder.Add("subsystem_device", SysfsFile.Fixed("0x0000"));
        folder.Add("numa_node", SysfsFile.Fixed(pci.NumaNode.ToString(CultureInfo.InvariantCulture)));
        folder.Add("irq", SysfsFile.Fixed("0"));
        folder.Add("resource", SysfsFile.Of(() => string.Concat(Enumerable.Repeat($"0x{0:x16} 0x{0:x16} 0x{0:x16}\n", 7))));
        folder.Add("config", SysfsFile.Binary(Config(pci)));
        folder.Add("uevent", SysfsFile.Of(() => $"{(description.Driver is null ? "" : $"DRIVER={description.Driver}\n")}"
            + $"PCI_CLASS={pci.Class:X}\nPCI_ID={pci.Vendor:X4}:{pci.Device:X4}\nPCI_SUBSYS_ID={pci.Vendor:X4}:0000\n"
            + $"PCI_SLOT_NAME={description.Name}\n"));
    }

    private static byte[] Config(PciIdentity pci)
    {
        var config = new byte[256];
        BinaryPrimitives.WriteUInt16LittleEndian(config, pci.Vendor);
        BinaryPrimitives.WriteUInt16LittleEndian(config.AsSpan(2), pci.Device);
        BinaryPrimitives.WriteUInt32LittleEndian(config.AsSpan(8), (pci.Class << 8) | 0xa1);
        BinaryPrimitives.WriteUInt16LittleEndian(config.AsSpan(0x2c), pci.Vendor);
        return config;
    }
}
