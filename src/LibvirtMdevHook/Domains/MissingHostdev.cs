using System.Xml.Linq;

namespace LibvirtMdevHook.Domains;

/// <summary>The sentence for a declared device that the guest does not have, with both remedies.</summary>
internal static class MissingHostdev
{
    public static string Problem(XElement declared, DeviceId device) =>
        $"the device '{device}' is declared, but <devices> has no <hostdev> with it and qemu:commandline no sysfsdev; "
        + $"add {HostdevXml.Of(device)} or take the declaration away with: {Command(declared)}";

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

    private static string Quote(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
