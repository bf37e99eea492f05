using System.Xml.Linq;

namespace LibvirtMdevHook.Domains;

/// <summary>Copies of a declaration's elements, with and without its namespace.</summary>
internal static class ElementCopy
{
    private static readonly XNamespace Ours = DeclarationXml.Namespace;

    /// <returns>
    /// A copy in which the element and all elements in it are in the namespace of the declaration.
    /// </returns>
    public static XElement InNamespace(XElement element) =>
        new(Ours + element.Name.LocalName, element.Attributes(), element.Nodes().Select(NodeInNamespace));

    /// <summary>
    /// libvirt adds the prefix to every element of <c>virsh metadata --set</c> itself; an element
    /// that has one already would get it twice.
    /// </summary>
    /// <returns>
    /// A copy without namespaces and without text, which the declaration does not have; comments
    /// stay.
    /// </returns>
    public static XElement ForVirsh(XElement element) =>
        new(element.Name.LocalName, Plain(element.Attributes()), element.Nodes().Select(NodeForVirsh));

    /// <returns>The attributes other than <c>xmlns</c>.</returns>
    public static IEnumerable<XAttribute> Plain(IEnumerable<XAttribute> attributes) =>
        attributes.Where(a => !a.IsNamespaceDeclaration);

    private static XNode NodeInNamespace(XNode node) => node is XElement element ? InNamespace(element) : node;

    private static XNode? NodeForVirsh(XNode node) => node switch
    {
        XElement element => ForVirsh(element),
        XComment comment => comment,
        _ => null,
    };
}
