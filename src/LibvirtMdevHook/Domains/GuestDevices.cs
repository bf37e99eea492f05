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

    public IEnumerable<Entry> Entries => _entries;

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
                return new Entry(DeviceId.Mdev(uuid), AttachedBy.Hostdev, (string?)hostdev.Attribute("model"), line, null, address!);
            case "pci" when PciAddress.TryParse(
                (string?)address?.Attribute("domain"), (string?)address?.Attribute("bus"),
                (string?)address?.Attribute("slot"), (string?)address?.Attribute("function"), out var vf):
                var problem = (string?)hostdev.Attribute("managed") == "yes"
                    ? $"the <hostdev> of the VF '{vf}' has managed='yes', with which libvirt would unbind the VF from its driver and lose the type; "
                        + "write managed='no'"
                    : null;
                return new Entry(DeviceId.Vf(vf.Value), AttachedBy.Hostdev, null, line, problem, address!);
            default:
                return null;
        }
    }

    private static IEnumerable<Entry> Commandline(XElement domain)
    {
        foreach (var argument in domain.Elements(Qemu + "commandline").Elements(Qemu + "arg"))
        {
            var value = (string?)argument.Attribute("value") ?? "";
            var name = value[NameIn(value)];
            if (!DeviceId.TryParse(name, out var device))
                continue;
            var problem = name != device.ToString()
                ? $"the sysfsdev '{SysfsDev().Match(value).Groups[1].Value}' names no file: the kernel's name of the device is '{device}', "
                    + "in lower case with dashes"
                : null;
            yield return new Entry(device, AttachedBy.Commandline, null, DomainXml.LineOf(argument), problem, argument);
        }
    }

    /// <returns>Where in an argument's value the device's name is, the last of the path that its <c>sysfsdev</c> gives; empty where there is none.</returns>
    public static Range NameIn(string argument)
    {
        var path = SysfsDev().Match(argument).Groups[1];
        var folder = path.Value.TrimEnd('/');
        return (path.Index + folder.LastIndexOf('/') + 1)..(path.Index + folder.Length);
    }

    /// <summary>Of <c>vfio-pci,sysfsdev=PATH,...</c> and of its JSON form <c>"sysfsdev":"PATH"</c>.</summary>
    [GeneratedRegex("""\bsysfsdev"?\s*[=:]\s*"?([^",]+)""")]
    private static partial Regex SysfsDev();

    /// <param name="Problem">Why the device cannot be handed over like this; null when it can.</param>
    /// <param name="Place">What names the device: the &lt;address&gt; of the hostdev's source, or the argument.</param>
    public sealed record Entry(DeviceId Device, AttachedBy AttachedBy, string? Model, int Line, string? Problem, XElement Place);
}
