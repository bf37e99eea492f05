namespace LibvirtMdevHook.Simulator.HostFiles;

/// <summary>A PCI device that is no parent, such as a GPU of a vendor whose VFs take no types.</summary>
/// <param name="Path">Its folder below sys/devices, which ends in its address.</param>
/// <param name="Driver">The driver it is bound to.</param>
internal sealed record OtherDevice(string Path, string? Driver, PciIdentity Pci)
{
    /// <summary>Present only for a PF.</summary>
    public VfsDescription? Vfs { get; init; }

    public string Name => Path.Split('/')[^1];
}
