using System.Collections.Immutable;
using System.Xml.Linq;
using LibvirtMdevHook.Domains;

namespace LibvirtMdevHook.DomainEdits;

/// <summary>
/// A device as a person requests it, in the words of the declaration. It is checked like a
/// declaration.
/// </summary>
/// <param name="Parents">Separated by blanks; empty for any parent that fits.</param>
/// <param name="Args">Empty for none.</param>
/// <param name="IsUnnamed">
/// This program made the uuid. Where only a VF fits, the device becomes that VF.
/// </param>
internal sealed record RequestedDevice(
    DeviceId Device, string? Type, string Parents = "", string Args = "", bool IsUnnamed = false)
{
    /// <summary>Names and values in the order in which they are written.</summary>
    public ImmutableArray<(string Name, string Value)> Attrs { get; init; } = [];

    /// <returns>The entry of the declaration, without a namespace.</returns>
    public XElement ToXml()
    {
        var hostdev = new XElement("hostdev");
        hostdev.Add(new XAttribute(DeclaredHostdevXml.AttributeFor(Device), Device.ToString()));
        if (Type is not null)
            hostdev.Add(new XAttribute("type", Type));
        if (Parents.Length > 0)
            hostdev.Add(new XAttribute("parent", Parents));
        if (Args.Length > 0)
            hostdev.Add(new XAttribute("args", Args));
        foreach (var (name, value) in Attrs)
            hostdev.Add(new XElement("attr", new XAttribute("name", name), new XAttribute("value", value)));
        return hostdev;
    }
}
