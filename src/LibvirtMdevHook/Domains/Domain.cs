namespace LibvirtMdevHook.Domains;

/// <summary>What this program reads of a domain XML.</summary>
/// <param name="Name">Unchecked text, only for messages.</param>
/// <param name="Declaration">Null when the domain has none.</param>
/// <param name="Dac">
/// The user and group of QEMU. libvirt adds them to the XML from the operation start on; null
/// before that, or when there is no such label.
/// </param>
internal sealed record Domain(Guid Uuid, string Name, Declaration? Declaration, DacLabel? Dac, GuestNuma Numa);

/// <summary>The user and group of a dac seclabel's &lt;label&gt;.</summary>
internal sealed record DacLabel(uint Uid, uint Gid);
