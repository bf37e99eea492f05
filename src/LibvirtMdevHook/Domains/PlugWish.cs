using System.Xml.Linq;

namespace LibvirtMdevHook.Domains;

/// <summary>A device as a person asks for it, in the words of the declaration; it is checked as a declaration is.</summary>
/// <param name="Parents">Separated by blanks; empty for any that fits.</param>
/// <param name="Args">Empty for none.</param>
internal sealed record PlugWish(DeviceId Device, string? Type, string Parents = "", string Args = "")
{
    /// <returns>The entry of the declaration, without a namespace.</returns>
    public XElement ToXml() => new("hostdev",
        new XAttribute(Device.Uuid is null ? "address" : "uuid", Device.ToString()),
        Type is null ? null : new XAttribute("type", Type),
        Parents.Length > 0 ? new XAttribute("parent", Parents) : null,
        Args.Length > 0 ? new XAttribute("args", Args) : null);
}
