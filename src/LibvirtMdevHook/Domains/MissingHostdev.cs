using System.Xml.Linq;

namespace LibvirtMdevHook.Domains;

/// <summary>
/// The sentence for a declared device that the guest does not have. It names both remedies.
/// </summary>
internal static class MissingHostdev
{
    public static string Problem(XElement declared, DeviceId device) =>
        $"the device '{device}' is declared, but <devices> has no <hostdev> with it and qemu:commandline no {Argument(device)}; "
        + $"add {HostdevXml.Of(device)} or take the declaration away with: {Command(declared)}";

    private static string Argument(DeviceId device) => device.Address is null ? "sysfsdev" : "sysfsdev or host";

    private static string Command(XElement declared)
    {
        var name = declared.Document?.Root?.Element("name")?.Value ?? "";
        var command = $"virsh metadata {Quote(name)} --uri {DeclarationXml.Namespace}";
        var declaration = declared.Parent!;
        var others = declaration.Elements().Where(e => e != declared).ToArray();
        if (others.Length == 0)
            return $"{command} --remove --config";
        var rest = new XElement("hostdevs", ElementCopy.Plain(declaration.Attributes()), others.Select(ElementCopy.ForVirsh));
        rest.DescendantNodes().OfType<XComment>().Remove();
        return $"{command} --key mdev --set {Quote(rest.ToString(SaveOptions.DisableFormatting))} --config";
    }

    private static string Quote(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
