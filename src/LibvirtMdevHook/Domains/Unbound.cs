using System.Xml.Linq;

namespace LibvirtMdevHook.Domains;

/// <summary>The sentence for a declared device that the guest does not have, with both remedies.</summary>
internal static class Unbound
{
    public static string Sentence(XElement declared, DeviceId device)
    {
        var hostdev = device.Uuid is { } uuid
            ? $"<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address uuid='{uuid}'/></source></hostdev>"
            : "<hostdev mode='subsystem' type='pci' managed='no'><source>" + AddressXml(device.Address!.Value) + "</source></hostdev>";
        return $"the device '{device}' is declared, but <devices> has no <hostdev> with it and qemu:commandline no sysfsdev; "
            + $"add {hostdev} or take the declaration away with: {Command(declared)}";
    }

    /// <summary><c>--set</c> takes elements without a prefix: libvirt adds the key as one.</summary>
    private static string Command(XElement declared)
    {
        var name = declared.Document?.Root?.Element("name")?.Value ?? "";
        var command = $"virsh metadata {Quote(name)} --uri {DeclarationXml.Namespace}";
        var others = declared.Parent!.Elements().Where(e => e != declared).ToArray();
        if (others.Length == 0)
            return $"{command} --remove --config";
        var rest = new XElement("hostdevs", declared.Parent!.Attributes().Where(a => !a.IsNamespaceDeclaration), others.Select(Plain));
        return $"{command} --key mdev --set {Quote(rest.ToString(SaveOptions.DisableFormatting))} --config";
    }

    private static XElement Plain(XElement element) =>
        new(element.Name.LocalName, element.Attributes().Where(a => !a.IsNamespaceDeclaration), element.Elements().Select(Plain));

    private static string AddressXml(PciAddress a) =>
        $"<address domain='0x{a.Domain:x4}' bus='0x{a.Bus:x2}' slot='0x{a.Slot:x2}' function='0x{a.Function:x}'/>";

    private static string Quote(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
