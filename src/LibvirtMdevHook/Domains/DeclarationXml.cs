using System.Collections.Immutable;
using System.Xml.Linq;

namespace LibvirtMdevHook.Domains;

/// <summary>
/// Reads the declaration in a domain's metadata. schemas/mdev-hook.rng has its grammar; tests keep
/// the two in step.
/// </summary>
internal static class DeclarationXml
{
    public const string NamespaceStem = "urn:libvirt-mdev-hook:";
    public const string Namespace = NamespaceStem + "1";

    public const int MaximumHostdevs = 64;
    public const int MaximumAttrs = 256;

    /// <summary>
    /// The most problems of one kind that are reported. A document has room for hundreds of
    /// thousands.
    /// </summary>
    private const int MaximumAlike = 100;

    private static readonly XNamespace Ours = Namespace;

    /// <returns>Null when the domain has no declaration, or none of this version.</returns>
    public static Declaration? Read(XElement domain, IReadOnlyCollection<string> alsoAllowed, List<Problem> problems)
    {
        RefuseOutsideMetadata(domain, problems);
        var all = domain.Elements("metadata").Elements().Where(e => IsOurs(e.Name)).ToArray();
        foreach (var unknown in all.Where(e => e.Name.Namespace != Ours).Take(MaximumAlike))
            problems.Add(At(unknown, $"the declaration's namespace is '{unknown.Name.NamespaceName}'; this program knows '{Namespace}'"));
        var known = all.Where(e => e.Name.Namespace == Ours).ToArray();
        foreach (var second in known.Skip(1).Take(MaximumAlike))
        {
            problems.Add(At(second, $"the element '{Shown(second.Name, second)}' is a second declaration; "
                + "libvirt keeps only one element of a namespace, so put every <hostdev> into the first"));
        }

        if (known.Length == 0)
            return null;
        if (known[0].Name.LocalName == "hostdevs")
            return ReadHostdevs(known[0], GuestDevices.Read(domain), alsoAllowed, problems);
        problems.Add(At(known[0], $"the declaration's element is '{Shown(known[0].Name, known[0])}'; expected <hostdevs>"));
        return null;
    }

    /// <returns>The &lt;hostdev&gt; elements of all declarations, unchecked.</returns>
    public static IEnumerable<XElement> Hostdevs(XElement domain) =>
        domain.Elements("metadata").Elements(Ours + "hostdevs").Elements(Ours + "hostdev");

    /// <summary>Reports attributes, elements and text that the grammar does not have.</summary>
    /// <param name="child">
    /// The name of the elements that may be in the element; empty for none.
    /// </param>
    public static void Expect(XElement element, string[] attributes, string child, List<Problem> problems)
    {
        var name = element.Name.LocalName;
        var unknown = ElementCopy.Plain(element.Attributes()).Where(a => !attributes.Contains(a.Name.ToString()));
        foreach (var attribute in unknown.Take(MaximumAlike))
        {
            problems.Add(At(attribute, $"the attribute '{Shown(attribute.Name, element)}' of <{name}> is not known; "
                + $"expected {Alternatives.Of(attributes)}"));
        }

        var expected = child.Length > 0 ? $"; expected <{child}> of the namespace '{Namespace}'" : "";
        foreach (var stranger in element.Elements().Where(e => child.Length == 0 || e.Name != Ours + child).Take(MaximumAlike))
            problems.Add(At(stranger, $"the element '{Shown(stranger.Name, stranger)}' in <{name}> is not known{expected}"));
        foreach (var text in element.Nodes().OfType<XText>().Where(t => !string.IsNullOrWhiteSpace(t.Value)).Take(MaximumAlike))
            problems.Add(At(text, $"the text '{text.Value.Trim()}' in <{name}> is not expected"));
    }

    public static Problem At(XObject node, string text) => new(DomainXml.LineOf(node), text);

    private static Declaration ReadHostdevs(
        XElement element, GuestDevices devices, IReadOnlyCollection<string> alsoAllowed, List<Problem> problems)
    {
        Expect(element, ["placement", "numa", "gpu"], "hostdev", problems);
        var elements = element.Elements(Ours + "hostdev").ToArray();
        if (elements.Length > MaximumHostdevs || element.Descendants(Ours + "attr").Count() > MaximumAttrs)
        {
            problems.Add(At(element, $"the declaration has more than {MaximumHostdevs} <hostdev> or {MaximumAttrs} <attr>"));
            return new Declaration(null, null, GpuRule.Any, []);
        }

        if (elements.Length == 0)
            problems.Add(At(element, "the declaration has no <hostdev>; declare at least one, or remove the declaration"));
        var hostdevs = ImmutableArray.CreateBuilder<DeclaredHostdev>();
        foreach (var one in elements)
        {
            if (DeclaredHostdevXml.Read(one, devices, alsoAllowed, problems) is { } hostdev)
                hostdevs.Add(hostdev);
        }

        foreach (var twice in hostdevs.GroupBy(h => h.Device).Where(g => g.Count() > 1))
        {
            problems.Add(new Problem(
                twice.Last().Line, $"the device '{twice.Key}' is declared twice, first in line {twice.First().Line}"));
        }

        return new Declaration(
            ReadChoice<Placement>(element, "placement", problems),
            ReadChoice<NumaRule>(element, "numa", problems),
            ReadChoice<GpuRule>(element, "gpu", problems) ?? GpuRule.Any,
            hostdevs.ToImmutable());
    }

    /// <returns>The name as the document has it, with its prefix.</returns>
    private static string Shown(XName name, XElement scope) =>
        scope.GetPrefixOfNamespace(name.Namespace) is { } prefix ? $"{prefix}:{name.LocalName}" : name.LocalName;

    private static T? ReadChoice<T>(XElement element, string name, List<Problem> problems) where T : struct, Enum
    {
        if (element.Attribute(name) is not { } attribute)
            return null;
        if (!EnumText.TryParse<T>(attribute.Value, out var value))
            problems.Add(At(attribute, $"{name}='{attribute.Value}' is not known; expected {EnumText.Choices<T>()}"));
        return value;
    }

    private static bool IsOurs(XName name) => name.NamespaceName.StartsWith(NamespaceStem, StringComparison.Ordinal);

    private static void RefuseOutsideMetadata(XElement domain, List<Problem> problems) =>
        problems.AddRange(
            domain.Elements().Where(e => e.Name != "metadata").DescendantsAndSelf().SelectMany(Misplaced).Take(MaximumAlike));

    private static IEnumerable<Problem> Misplaced(XElement element)
    {
        const string Remedy = "would be dropped by libvirt, which keeps foreign names only as elements of <metadata>; "
            + "declare the device there ('virt-mdev render' does it for hostdevs)";
        if (IsOurs(element.Name))
            yield return At(element, $"the element <{element.Name.LocalName}> of '{element.Name.NamespaceName}' {Remedy}");
        foreach (var attribute in ElementCopy.Plain(element.Attributes()).Where(a => IsOurs(a.Name)))
        {
            yield return At(attribute, $"the attribute '{attribute.Name.LocalName}' of '{attribute.Name.NamespaceName}' "
                + $"on <{element.Name.LocalName}> {Remedy}");
        }
    }
}
