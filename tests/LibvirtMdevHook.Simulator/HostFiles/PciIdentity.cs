namespace LibvirtMdevHook.Simulator.HostFiles;

/// <summary>The identity of a PCI device, and its place.</summary>
internal sealed record PciIdentity(ushort Vendor, ushort Device, uint Class, int NumaNode);
