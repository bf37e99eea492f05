using System.Collections.Immutable;

namespace LibvirtMdevHook.Domains;

/// <summary>
/// One declared device, bound to a native hostdev of the same domain or to an argument of its
/// qemu:commandline.
/// </summary>
/// <param name="Type">
/// The name or the id of the type; null only with exactly one pinned parent.
/// </param>
/// <param name="Parents">Empty for any suitable parent of the host.</param>
/// <param name="Args">Extra vendor arguments of the 2016 create string; empty for none.</param>
/// <param name="AttachedBy">How the device reaches QEMU.</param>
/// <param name="Model">
/// The native hostdev's model, such as <c>vfio-pci</c>; null where it has none.
/// </param>
/// <param name="Line">The line of the element in the XML, from 1.</param>
internal sealed record DeclaredHostdev(
    DeviceId Device,
    string? Type,
    ImmutableArray<ParentName> Parents,
    ImmutableArray<Attr> Attrs,
    string Args,
    AttachedBy AttachedBy,
    string? Model,
    int Line);

/// <summary>How a device reaches QEMU.</summary>
internal enum AttachedBy
{
    /// <summary>By a native hostdev: libvirt labels the device's node itself.</summary>
    Hostdev,

    /// <summary>
    /// By an argument of qemu:commandline: libvirt does not know of the device.
    /// </summary>
    Commandline,
}
