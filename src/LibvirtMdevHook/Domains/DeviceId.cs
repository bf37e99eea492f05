using System.Diagnostics.CodeAnalysis;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Domains;

/// <summary>
/// Names a device: a mediated device by its uuid, or a VF by its PCI address. Exactly one of the
/// two is set.
/// </summary>
internal sealed record DeviceId
{
    private DeviceId(Guid? uuid, PciAddress? address) => (Uuid, Address) = (uuid, address);

    public Guid? Uuid { get; }

    public PciAddress? Address { get; }

    /// <summary>
    /// The device's name in sysfs, which is also the name of its file in the folder of removals.
    /// </summary>
    public SysfsName Name => SysfsName.Parse(ToString());

    public static DeviceId Mdev(Guid uuid) => new(uuid, null);

    public static DeviceId Vf(PciAddress address) => new(null, address);

    public static bool TryParse(string? text, [NotNullWhen(true)] out DeviceId? device)
    {
        device = null;
        if (TryParseUuid(text, out var uuid))
            device = Mdev(uuid);
        else if (PciAddress.TryParse(text, out var address))
            device = Vf(address);
        return device is not null;
    }

    /// <summary>
    /// Parses libvirt's forms of a uuid: 32 hexadecimal digits in either case, with or without the
    /// four dashes.
    /// </summary>
    public static bool TryParseUuid(string? text, out Guid uuid)
    {
        // The length is checked as Guid ignores white space around the uuid.
        uuid = default;
        return text?.Length switch
        {
            36 => Guid.TryParseExact(text, "D", out uuid),
            32 => Guid.TryParseExact(text, "N", out uuid),
            _ => false,
        };
    }

    /// <returns>
    /// The uuid in lower case with dashes, as the kernel writes it, or the PCI address.
    /// </returns>
    public override string ToString() => Uuid is { } uuid ? uuid.ToString("D") : Address.ToString()!;
}
