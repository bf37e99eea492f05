using System.Xml.Linq;

namespace LibvirtMdevHook.Domains;

/// <summary>
/// The element by which libvirt gives a device to a guest, as people write it and as virsh attaches
/// it.
/// </summary>
internal static class HostdevXml
{
    /// <summary>
    /// libvirt's model of most mediated devices. The others are vfio-ccw and vfio-ap.
    /// </summary>
    public const string UsualModel = "vfio-pci";

    /// <param name="model">
    /// The model of a mediated device, which is the <c>device_api</c> of its type; null to leave it
    /// out.
    /// </param>
    public static string Of(DeviceId device, string? model = UsualModel)
    {
        if (device.Address is not null)
            return $"<hostdev mode='subsystem' type='pci' managed='no'><source>{Address(device)}</source></hostdev>";
        var modelAttribute = model is null ? "" : $" model='{model}'";
        return $"<hostdev mode='subsystem' type='mdev'{modelAttribute}><source>{Address(device)}</source></hostdev>";
    }

    /// <returns>The element that names the device in the hostdev's source.</returns>
    public static string Address(DeviceId device)
    {
        if (device.Address is not { } vf)
            return $"<address uuid='{device}'/>";
        return $"<address domain='0x{vf.Domain:x4}' bus='0x{vf.Bus:x2}' slot='0x{vf.Slot:x2}' function='0x{vf.Function:x}'/>";
    }

    /// <summary>
    /// A hostdev can also have an &lt;address&gt; outside its &lt;source&gt;: that one is its
    /// address in the guest.
    /// </summary>
    public static XElement? SourceAddress(XElement hostdev) => hostdev.Elements("source").Elements("address").FirstOrDefault();

    /// <returns>
    /// The device that a native hostdev names; null when it names none, or is of another type than
    /// mdev and pci.
    /// </returns>
    public static DeviceId? DeviceOf(XElement hostdev)
    {
        var type = (string?)hostdev.Attribute("type");
        var address = SourceAddress(hostdev);
        if (type == "mdev" && DeviceId.TryParseUuid(Value("uuid"), out var uuid))
            return DeviceId.Mdev(uuid);
        if (type == "pci" && PciAddress.TryParse(Value("domain"), Value("bus"), Value("slot"), Value("function"), out var vf))
            return DeviceId.Vf(vf.Value);
        return null;

        string? Value(string attribute) => (string?)address?.Attribute(attribute);
    }
}
