using System.Collections.Immutable;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace LibvirtMdevHook.Domains;

/// <summary>The devices of a guest that a declaration can be bound to: native hostdevs and sysfsdev arguments of qemu:commandline.</summary>
internal sealed partial class GuestDevices
{
    private static readonly XNamespace Qemu = "http://libvirt.org/schemas/domain/qemu/1.0";

    private readonly ImmutableArray<Entry> _entries;

    private GuestDevices(ImmutableArray<Entry> entries) => _entries = entries;

    public static GuestDevices Read(XElement domain) =>
        new([.. domain.Elements("devices").Elements("hostdev").Select(Native).OfType<Entry>(), .. Commandline(domain)]);

    /// <returns>Null when the guest does not have the device.</returns>
    public Entry? Find(DeviceId device) => _entries.FirstOrDefault(e => e.Device == device);

    /// <summary>The guest side's own &lt;address&gt; may stand before &lt;source&gt;, so only source/address counts.</summary>
    private static Entry? Native(XElement hostdev)
    {
        var address = hostdev.Elements("source").Elements("address").FirstOrDefault();
        var line = DomainXml.LineOf(hostdev);
        switch ((string?)hostdev.Attribute("type"))
        {
            case "mdev" when DeviceId.TryParseUuid((string?)address?.Attribute("uuid"), out var uuid):
                return new Entry(DeviceId.Mdev(uuid), Handover.Hostdev, (string?)hostdev.Attribute("model"), line, null);
            case "pci" when PciAddress.TryParse(
                (string?)address?.Attribute("domain"), (string?)address?.Attribute("bus"),
                (string?)address?.Attribute("slot"), (string?)address?.Attribute("function"), out var vf):
                var problem = (string?)hostdev.Attribute("managed") == "yes"
                    ? $"the <hostdev> of the VF '{vf}' has managed='yes', with which libvirt would unbind the VF from its driver and lose the type; "
                        + "write managed='no'"
                    : null;
                return new Entry(DeviceId.Vf(vf.Value), Handover.Hostdev, null, line, problem);
            default:
                return null;
        }
    }

    private static IEnumerable<Entry> Commandline(XElement domain)
    {
        foreach (var argument in domain.Elements(Qemu + "commandline").Elements(Qemu + "arg"))
        {
            var match = SysfsDev().Match((string?)argument.Attribute("value") ?? "");
            var name = match.Success ? match.Groups[1].Value.TrimEnd('/').Split('/')[^1] : null;
            if (!DeviceId.TryParse(name, out var device))
                continue;
            var problem = name != device.ToString()
                ? $"the sysfsdev '{match.Groups[1].Value}' names no file: the kernel's name of the device is '{device}', in lower case with dashes"
                : null;
            yield return new Entry(device, Handover.Commandline, null, DomainXml.LineOf(argument), problem);
        }
    }

    /// <summary>Of <c>vfio-pci,sysfsdev=PATH,...</c> and of its JSON form <c>"sysfsdev":"PATH"</c>.</summary>
    [GeneratedRegex("""\bsysfsdev"?\s*[=:]\s*"?([^",]+)""")]
    private static partial Regex SysfsDev();

    /// <param name="Problem">Why the device cannot be handed over like this; null when it can.</param>
    public sealed record Entry(DeviceId Device, Handover Handover, string? Model, int Line, string? Problem);
}
