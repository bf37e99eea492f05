using System.Xml.Linq;

namespace LibvirtMdevHook.DomainEdits;

/// <summary>
/// The attributes that libvirt's schema has for the hostdev of a mediated device, and not for that
/// of a VF.
/// </summary>
internal static class MdevOnlyAttributes
{
    /// <summary>The rest of a sentence that begins with the attributes.</summary>
    public const string Remedy = "libvirt takes on the hostdev of a mediated device alone; leave that out, "
        + "and give a guest that needs a console another display, such as <video> with <graphics>";

    private static readonly string[] Names = ["model", "display", "ramfb"];

    private static readonly string[] OfDisplay = ["display", "ramfb"];

    /// <returns>The attributes as they are written; empty for none.</returns>
    public static string On(XElement hostdev) => InWords(hostdev.Attributes().Where(a => Names.Contains(a.Name.ToString())));

    /// <returns>Those that give the guest a console; empty for none.</returns>
    public static string DisplayOn(XElement hostdev) =>
        InWords(hostdev.Attributes().Where(a => OfDisplay.Contains(a.Name.ToString()) && a.Value != "off"));

    private static string InWords(IEnumerable<XAttribute> attributes) =>
        string.Join(' ', attributes.Select(a => $"{a.Name}='{a.Value}'"));
}
