using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>What the kernel itself shows of a PCI device, without asking its driver.</summary>
/// <param name="Vendor">Such as <c>0x10de</c>; null when it cannot be read.</param>
/// <param name="Class">Such as <c>0x030200</c>; null when it cannot be read.</param>
/// <param name="Driver">Null when it has none.</param>
/// <param name="Pf">A VF's PF; null for any other device.</param>
internal sealed record PciDevice(SysfsName Name, HostPath Path, string? Vendor, string? Class, SysfsName? Driver, SysfsName? Pf)
{
    public const string Intel = "0x8086";

    private const string Amd = "0x1002";

    /// <summary>Display controllers, of which 3D controllers are a part.</summary>
    private const string Displays = "0x03";

    /// <summary>Processing accelerators, as which AMD's largest GPUs show themselves.</summary>
    private const string Accelerators = "0x12";

    public bool IsGpu => Class is { } known
        && (known.StartsWith(Displays, StringComparison.Ordinal) || known.StartsWith(Accelerators, StringComparison.Ordinal));

    public bool IsNvidias => Vendor == NvidiaDriver.Vendor;

    /// <summary>False where the vendor cannot be read.</summary>
    public bool IsOfAnotherVendor => Vendor is not null && !IsNvidias;

    /// <summary>Such as <c>the driver 'xe'</c>, or <c>no driver</c>.</summary>
    public string DriverInWords => Driver is null ? "no driver" : $"the driver '{Driver}'";

    /// <summary>Such as <c>Intel (vendor 0x8086)</c>, or <c>vendor 0x1af4</c>.</summary>
    public string VendorInWords => Vendor switch
    {
        Intel => $"Intel (vendor {Intel})",
        Amd => $"AMD (vendor {Amd})",
        _ => $"vendor {Vendor}",
    };

    /// <summary>The name that libvirt's node device has, such as <c>pci_0000_41_00_4</c>.</summary>
    public string NodeDevice => $"pci_{Name.ToString().Replace(':', '_').Replace('.', '_')}";

    /// <exception cref="IOException">A link of the device cannot be read.</exception>
    public static PciDevice Read(SysfsName name, HostPath path) => new(
        name,
        path,
        HostFile.ReadTrimmed(path / "vendor"),
        HostFile.ReadTrimmed(path / "class"),
        HostFile.LinkName(path / "driver"),
        HostFile.LinkName(path / "physfn"));
}
