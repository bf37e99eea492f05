using System.Collections.Immutable;
using System.Xml.Linq;
using LibvirtMdevHook.Domains;

namespace LibvirtMdevHook.DomainEdits;

/// <summary>A device as a person asks for it, in the words of the declaration; it is checked as a declaration is.</summary>
/// <param name="Parents">Separated by blanks; empty for any that fits.</param>
/// <param name="Args">Empty for none.</param>
/// <param name="IsUnnamed">The uuid is one that we made: where only a VF will do, the device becomes that.</param>
internal sealed record RequestedDevice(DeviceId Device, string? Type, string Parents = "", string Args = "", bool IsUnnamed = false)
{
    /// <summary>Names and values in the order in which they are written.</summary>
    public ImmutableArray<(string Name, string Value)> Attrs { get; init; } = [];

    /// <returns>The entry of the declaration, without a namespace.</returns>
    public XElement ToXml() => new("hostdev",
        new XAttribute(Device.Uuid is null ? "address" : "uuid", Device.ToString()),
        Type is null ? null : new XAttribute("type", Type),
        Parents.Length > 0 ? new XAttribute("parent", Parents) : null,
        Args.Length > 0 ? new XAttribute("args", Args) : null,
        Attrs.Select(a => new XElement("attr", new XAttribute("name", a.Name), new XAttribute("value", a.Value))));
}
