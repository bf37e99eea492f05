using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>
/// Why a PCI device that is no parent serves no vGPU, and what to do. Refusals and doctor say it in
/// the same words, which come from here.
/// </summary>
/// <param name="Predicate">
/// The rest of a sentence that begins with the device: <c>has no driver</c>.
/// </param>
/// <param name="Remedy">What to do, as a clause.</param>
internal sealed record GpuObstacle(string Predicate, string Remedy)
{
    /// <summary>Nothing is wrong with the device: it is used without this program.</summary>
    public bool IsByDesign { get; init; }

    /// <summary>The sentence about a device that was named before.</summary>
    public Reason Reason => new($"it {Predicate}; {Remedy}");

    /// <returns>
    /// Null for a device that is neither a GPU nor a VF nor a PF, and for a PF of NVIDIA's whose VFs
    /// are, or have to be, enabled.
    /// </returns>
    public static GpuObstacle? Of(Root root, PciDevice device)
    {
        if (device.IsOfAnotherVendor)
            return OfAnotherVendor(root, device);
        return device.Pf is null ? NvidiaObstacle.OfGpu(root, device) : NvidiaObstacle.OfVf(root, device);
    }

    /// <returns>Why what was declared as a parent takes no mediated devices.</returns>
    public static GpuObstacle? OfParent(Root root, PciDevice device)
    {
        if (Dialect.Detect(device.Path) == Dialect.Vf)
        {
            return new GpuObstacle(
                "is a VF, which takes a type itself and no mediated devices",
                $"declare address='{device.Name}' in place of the uuid, with a <hostdev type='pci' managed='no'>");
        }

        if (device.IsOfAnotherVendor || VirtualFunction.FirstOf(device.Path) is not { } vf)
            return Of(root, device);
        return Dialect.Detect(vf.Path) switch
        {
            null => Of(root, PciDevice.Read(vf.Address.Name, vf.Path)) is { } obstacle
                ? obstacle with { Predicate = $"is a PF, whose VF '{vf.Address}' {obstacle.Predicate}" }
                : null,
            var dialect when dialect == Dialect.Vf => new GpuObstacle(
                "is a PF, whose VFs take types themselves and no mediated devices",
                $"declare address='{vf.Address}' in place of the uuid, with a <hostdev type='pci' managed='no'>"),
            // A PF stands for VFs that are parents.
            _ => null,
        };
    }

    private static GpuObstacle? OfAnotherVendor(Root root, PciDevice device)
    {
        var what = $"of {device.VendorInWords} with {device.DriverInWords}";
        if (device.Pf is not null)
        {
            return new GpuObstacle(
                $"is a VF {what}, and takes no type",
                HowToPassThrough(device)) { IsByDesign = true };
        }

        if (HostFile.ReadTrimmed(device.Path / "sriov_totalvfs") is not (null or "0"))
        {
            return new GpuObstacle(
                $"is a PF {what}, whose VFs take no type",
                "leave out the declaration: libvirt passes its VFs through without this hook") { IsByDesign = true };
        }

        if (!device.IsGpu)
            return null;
        return IntelGvt.ObstacleOf(root, device)
            ?? new GpuObstacle($"is a GPU {what}, and makes no vGPUs", "'virt-mdev types' lists what makes some") { IsByDesign = true };
    }

    /// <summary>
    /// libvirt takes an unmanaged device only from vfio-pci and its variants, such as xe-vfio-pci.
    /// </summary>
    private static string HowToPassThrough(PciDevice vf) => vf.Driver?.ToString().Contains("vfio", StringComparison.Ordinal) == true
        ? "leave out its declaration: libvirt passes it through as it is"
        : "leave out its declaration, and write managed='yes' on its <hostdev>: libvirt then passes it through by vfio-pci";
}
