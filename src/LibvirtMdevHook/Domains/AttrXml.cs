using System.Collections.Immutable;
using System.Text;
using System.Xml.Linq;

namespace LibvirtMdevHook.Domains;

/// <summary>Reads the &lt;attr&gt; elements of a declared device.</summary>
internal static class AttrXml
{
    private const int MaximumValueBytes = 4095;

    public static ImmutableArray<Attr> ReadAll(
        XElement hostdev, IReadOnlyCollection<string> alsoAllowed, List<Problem> problems)
    {
        var attrs = ImmutableArray.CreateBuilder<Attr>();
        foreach (var element in hostdev.Elements().Where(e => e.Name.LocalName == "attr"))
        {
            if (Read(element, alsoAllowed, problems) is { } attr)
                attrs.Add(attr);
        }

        return attrs.ToImmutable();
    }

    /// <returns>Null when the element has no name that may be set.</returns>
    private static Attr? Read(XElement element, IReadOnlyCollection<string> alsoAllowed, List<Problem> problems)
    {
        DeclarationXml.Expect(element, ["name", "value"], "", problems);
        var name = element.Attribute("name");
        var value = element.Attribute("value");
        if (name is null || value is null)
        {
            var missing = name is null ? "name" : "value";
            problems.Add(DeclarationXml.At(element, $"<attr> has no {missing}; expected both name and value"));
        }

        if (value is not null && !IsWritable(value.Value))
        {
            problems.Add(DeclarationXml.At(value,
                $"the value of <attr> is longer than {MaximumValueBytes} bytes or has control characters"));
        }

        if (name is null)
            return null;
        if (AttrName.TryParse(name.Value, alsoAllowed, out var attr))
            return new Attr(attr, value?.Value ?? "");
        problems.Add(DeclarationXml.At(name, $"name='{name.Value}' is not an attribute that may be set; "
            + "allowed are nvidia/*, vendor/*, intel_vgpu/*, ap_config and the assign_ and unassign_ files of vfio_ap, "
            + "and what allowed_attributes of the host's configuration adds"));
        return null;
    }

    private static bool IsWritable(string value) =>
        Encoding.UTF8.GetByteCount(value) <= MaximumValueBytes && !value.Any(char.IsControl);
}
