using System.Collections.Immutable;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Domains;

/// <summary>
/// The devices of a guest to which a declaration can be bound: native hostdevs, and arguments of
/// qemu:commandline with <c>sysfsdev</c> or <c>host</c>.
/// </summary>
internal sealed partial class GuestDevices
{
    private static readonly XNamespace Qemu = "http://libvirt.org/schemas/domain/qemu/1.0";

    private readonly ImmutableArray<Entry> _entries;

    private GuestDevices(ImmutableArray<Entry> entries) => _entries = entries;

    public IEnumerable<Entry> Entries => _entries;

    public static GuestDevices Read(XElement domain)
    {
        var hostdevs = domain.Elements("devices").Elements("hostdev").Select(ReadHostdev);
        var arguments = domain.Elements(Qemu + "commandline").Elements(Qemu + "arg").Select(ReadArgument);
        return new([.. hostdevs.Concat(arguments).OfType<Entry>()]);
    }

    /// <returns>Null when the guest does not have the device.</returns>
    public Entry? Find(DeviceId device) => _entries.FirstOrDefault(e => e.Device == device);

    /// <returns>
    /// The place of the device's name in an argument's value: the last name of the path that
    /// <c>sysfsdev</c> gives, or the PCI address that <c>host</c> gives. Empty where the argument
    /// has neither.
    /// </returns>
    public static Range NameIn(string argument)
    {
        var path = SysfsDev().Match(argument).Groups[1];
        if (!path.Success)
            return RangeOf(HostIn(argument));
        var folder = path.Value.TrimEnd('/');
        return (path.Index + folder.LastIndexOf('/') + 1)..(path.Index + folder.Length);
    }

    private static Entry? ReadHostdev(XElement hostdev)
    {
        if (HostdevXml.SourceAddress(hostdev) is not { } address || HostdevXml.DeviceOf(hostdev) is not { } device)
            return null;
        var line = DomainXml.LineOf(hostdev);
        if (device.Uuid is not null)
            return new Entry(device, AttachedBy.Hostdev, (string?)hostdev.Attribute("model"), line, null, address);
        Reason? problem = null;
        if ((string?)hostdev.Attribute("managed") == "yes")
        {
            problem = $"the <hostdev> of the VF '{device}' has managed='yes', "
                + "with which libvirt would unbind the VF from its driver and lose the type; write managed='no'";
        }

        return new Entry(device, AttachedBy.Hostdev, null, line, problem, address);
    }

    private static Entry? ReadArgument(XElement argument)
    {
        var value = (string?)argument.Attribute("value") ?? "";
        var line = DomainXml.LineOf(argument);
        if (!SysfsDev().IsMatch(value))
            return AddressOf(HostIn(value)) is { } vf ? new Entry(vf, AttachedBy.Commandline, null, line, null, argument) : null;
        var name = value[NameIn(value)];
        if (!DeviceId.TryParse(name, out var device))
            return null;
        Reason? problem = null;
        if (name != device.ToString())
        {
            problem = $"the sysfsdev '{SysfsDev().Match(value).Groups[1].Value}' names no file: "
                + $"the kernel's name of the device is '{device}', in lower case with dashes";
        }

        return new Entry(device, AttachedBy.Commandline, null, line, problem, argument);
    }

    /// <summary>
    /// QEMU looks for the address of vfio-pci's <c>host</c> in /sys/bus/pci/devices. Other devices
    /// have a <c>host</c> that is something else.
    /// </summary>
    private static Match HostIn(string argument) =>
        argument.Contains("vfio-pci", StringComparison.Ordinal) ? PciHost().Match(argument) : Match.Empty;

    private static Range RangeOf(Match host)
    {
        var address = host.Groups["address"];
        return address.Index..(address.Index + address.Length);
    }

    private static DeviceId? AddressOf(Match host)
    {
        if (!host.Success)
            return null;
        var domain = host.Groups["domain"].Success ? Hex(host, "domain") : null;
        if (PciAddress.TryParse(domain, Hex(host, "bus"), Hex(host, "slot"), Hex(host, "function"), out var address))
            return DeviceId.Vf(address.Value);
        return null;
    }

    private static string Hex(Match host, string group) => $"0x{host.Groups[group].Value}";

    /// <summary>
    /// Finds the path in <c>vfio-pci,sysfsdev=PATH,...</c> and in the JSON form
    /// <c>"sysfsdev":"PATH"</c>.
    /// </summary>
    [GeneratedRegex("""\bsysfsdev"?\s*[=:]\s*"?([^",]+)""")]
    private static partial Regex SysfsDev();

    /// <summary>
    /// Finds the address in <c>vfio-pci,host=0000:41:00.4</c>, also without its PCI domain and
    /// leading zeros, and in the JSON form.
    /// </summary>
    [GeneratedRegex(
        """
        \bhost"?\s*[=:]\s*"?
        (?<address>(?:(?<domain>[0-9A-Fa-f]{1,8}):)?(?<bus>[0-9A-Fa-f]{1,2}):(?<slot>[0-9A-Fa-f]{1,2})\.(?<function>[0-7]))
        (?=[",\s]|$)
        """,
        RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex PciHost();

    /// <param name="Problem">
    /// Why the device cannot be given to the guest in this way; null when it can.
    /// </param>
    /// <param name="Place">
    /// What names the device: the &lt;address&gt; of the hostdev's source, or the argument.
    /// </param>
    public sealed record Entry(DeviceId Device, AttachedBy AttachedBy, string? Model, int Line, Reason? Problem, XElement Place);
}
