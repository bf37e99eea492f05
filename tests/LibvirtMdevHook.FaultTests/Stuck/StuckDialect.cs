using LibvirtMdevHook.SystemTests.Binaries;

namespace LibvirtMdevHook.FaultTests.Stuck;

/// <summary>A dialect: where its writes go, the domain that is stuck, and the other devices on the host.</summary>
/// <param name="Types">The attribute of a parent that tells its types, or how many are left.</param>
/// <param name="State">The attribute that tells the state of a device; null where links tell it.</param>
/// <param name="Foreign">A foreign device.</param>
internal sealed record StuckDialect(
    string HostFile, string Creation, string Removal, string Types, string? State, bool HasOnline, Func<DeclaringDomain> Domain,
    DeclaringDomain Neighbour, BystanderDevice Foreign)
{
    private const string MdevType = "GRID M60-2Q";
    private const string VfType = "NVIDIA L40S-4Q";

    public static readonly StuckDialect[] All =
    [
        new("m60-rfc2016.xml", "**/mdev_create", "**/mdev_destroy", "**/mdev_supported_types", "**/online", true,
            () => DeclaringDomain.With("win10", 2, MdevType),
            DeclaringDomain.With("neighbour", 1, MdevType), BystanderDevice.Rfc2016("0000:87:00.0", "16")),
        new("m60-mdev.xml", "**/create", "**/remove", "**/available_instances", null, false,
            () => DeclaringDomain.With("win10", 2, MdevType),
            DeclaringDomain.With("neighbour", 1, MdevType), BystanderDevice.Mdev("0000:87:00.0", "nvidia-18")),
        new("l40s-vf.xml", "**/current_vgpu_type", "**/current_vgpu_type", "**/creatable_vgpu_types",
            "**/current_vgpu_type", false,
            () => new DeclaringDomain("win10", Vgpu.Vf("0000:41:00.4", VfType), Vgpu.Vf("0000:41:00.5", VfType)),
            new DeclaringDomain("neighbour", Vgpu.Vf("0000:41:00.6", VfType)), BystanderDevice.Vf("0000:41:00.7", "1150")),
    ];
}
