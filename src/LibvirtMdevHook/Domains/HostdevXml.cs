namespace LibvirtMdevHook.Domains;

/// <summary>The element by which libvirt hands a device to a guest, as people write it and as virsh attaches it.</summary>
internal static class HostdevXml
{
    /// <summary>libvirt's model of most mediated devices; vfio-ccw and vfio-ap are the others.</summary>
    public const string UsualModel = "vfio-pci";

    /// <param name="model">Of a mediated device, where it is what its type's <c>device_api</c> says; null to leave it open.</param>
    public static string Of(DeviceId device, string? model = UsualModel) => device.Uuid is not null
        ? $"<hostdev mode='subsystem' type='mdev'{(model is null ? "" : $" model='{model}'")}><source>{Address(device)}</source></hostdev>"
        : $"<hostdev mode='subsystem' type='pci' managed='no'><source>{Address(device)}</source></hostdev>";

    /// <summary>What names the device in the hostdev's source.</summary>
    public static string Address(DeviceId device) => device.Address is { } a
        ? $"<address domain='0x{a.Domain:x4}' bus='0x{a.Bus:x2}' slot='0x{a.Slot:x2}' function='0x{a.Function:x}'/>"
        : $"<address uuid='{device}'/>";
}
