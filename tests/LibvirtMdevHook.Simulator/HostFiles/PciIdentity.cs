namespace LibvirtMdevHook.Simulator.HostFiles;

/// <summary>What identifies a PCI device, and where it sits.</summary>
internal sealed record PciIdentity(ushort Vendor, ushort Device, uint Class, int NumaNode);
