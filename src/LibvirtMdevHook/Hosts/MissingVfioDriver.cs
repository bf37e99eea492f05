using System.Runtime.InteropServices;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>
/// Why QEMU cannot be given a device that has neither <c>iommu_group</c> nor <c>vfio-dev</c>: no
/// VFIO driver has taken it.
/// </summary>
/// <param name="Why">The reason, as a clause.</param>
/// <param name="Remedy">What to do about it.</param>
internal sealed record MissingVfioDriver(string Why, string Remedy)
{
    private const string Module = "vfio_mdev";
    private const string NoNodes = "it has neither 'iommu_group' nor 'vfio-dev' in sysfs, so QEMU cannot be given it";
    private const string KernelLog = "the kernel's log may say why ('journalctl -k')";

    /// <summary>
    /// The first kernel that has no module of that name: there, the driver of the parent takes a
    /// mediated device itself.
    /// </summary>
    private static readonly Version FirstWithoutModule = new(5, 16);

    /// <param name="device">A device with neither of the two.</param>
    public static MissingVfioDriver Of(Root root, DeviceId device)
    {
        if (device.Address is not null)
            return new($"{NoNodes}: VFIO takes a VF only with an IOMMU", Iommu.Remedy(RuntimeInformation.OSArchitecture));
        if (HostFile.LinkName(HostDevice.PathOf(root, device) / "driver") is { } driver)
            return new($"{NoNodes}: its driver '{driver}' has not made it a VFIO device", KernelLog);
        if (!MayNeedModule(root))
            return new($"{NoNodes}: no VFIO driver has taken it, which is up to the driver of its parent", KernelLog);
        return new(
            $"{NoNodes}: no VFIO driver has taken it, as the module '{Module}' is not loaded",
            $"run 'modprobe {Module}', and put '{Module}' into /etc/modules-load.d for the next boot");
    }

    public override string ToString() => $"{Why}; {Remedy}";

    /// <summary>Where the kernel's release cannot be read, the advice does no harm.</summary>
    private static bool MayNeedModule(Root root) => KernelRelease.Of(root) is not { } release || release < FirstWithoutModule;
}
