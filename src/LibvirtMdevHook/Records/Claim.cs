using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Records;

/// <summary>One device of one domain: what was chosen for it, and how far it has come.</summary>
/// <param name="Parent">The parent's name in sysfs.</param>
/// <param name="Gpu">The parent's physical device.</param>
/// <param name="Type">Null for a parent without predefined types.</param>
/// <param name="Attrs">Written in this order after create.</param>
/// <param name="Args">
/// The vendor arguments of create and destroy, as they are written after the uuid and a colon;
/// empty for none.
/// </param>
/// <param name="Inode">
/// Of the device's sysfs directory, a VF's from <see cref="Stage.Intended"/> and a mediated
/// device's from <see cref="Stage.Created"/> on: the same uuid with another inode is another
/// device.
/// </param>
/// <param name="IsForeign">
/// Somebody else made the device: it is used, put back as it was, and never removed.
/// </param>
/// <param name="WasOnline">A foreign device's state before us.</param>
/// <param name="IsHeldBack">
/// Of a domain that runs, whose QEMU has not been told of the device yet.
/// </param>
/// <param name="Node">
/// The owner of /dev/vfio/N before it was given to QEMU's user; null while it was not.
/// </param>
internal sealed record Claim(
    DeviceId Device,
    SysfsName Parent,
    SysfsName Gpu,
    Dialect Dialect,
    ClaimedType? Type,
    ImmutableArray<Attr> Attrs,
    string Args,
    AttachedBy AttachedBy,
    Stage Stage,
    ulong? Inode = null,
    bool IsForeign = false,
    bool WasOnline = false,
    bool IsHeldBack = false,
    DacLabel? Node = null)
{
    /// <summary>
    /// The device's name on this host: the chosen VF's address, otherwise the declared uuid.
    /// </summary>
    public DeviceId NameThere
    {
        get
        {
            var isVf = Dialect == Dialect.Vf;
            return isVf && PciAddress.TryParse(Parent.ToString(), out var address) ? DeviceId.Vf(address) : Device;
        }
    }

    /// <summary>
    /// For messages: <c>'6a2f...' ('GRID M60-4Q' on '0000:86:00.0')</c>, with a VF's PF.
    /// </summary>
    public override string ToString()
    {
        var place = Device.Address is null ? Parent : Gpu;
        return Type is null ? $"'{Device}' (on '{place}')" : $"'{Device}' ('{Type.Title}' on '{place}')";
    }

    /// <summary>
    /// Whether an existing device is the one this claim speaks of. A VF's directory stays, so that
    /// besides its inode the type has to be the one that was set; whether a type that cannot be
    /// read is, the next look tells.
    /// </summary>
    public bool Proves(HostDevice device) => Inode is { } inode
        ? device.Inode == inode && (Device.Address is null || device.Type is null || device.Type == Type?.Id)
        : Stage >= Stage.Intended && !IsForeign && device.Parent == Parent && (!Dialect.TellsType || device.Type == Type?.Id);
}

/// <summary>A type as it was when it was chosen.</summary>
/// <param name="Framebuffer">NVIDIA's size of the type; null elsewhere.</param>
/// <param name="GpuGigabytes">
/// Of a VF the framebuffer of its GPU; null where it was not to be told.
/// </param>
internal sealed record ClaimedType(SysfsName Id, string? Name, string? Framebuffer, int? GpuGigabytes = null)
{
    public string Title => Name ?? Id.ToString();
}

/// <summary>How far a claim has come.</summary>
internal enum Stage
{
    /// <summary>Its instance is spoken for; nothing was written to sysfs.</summary>
    Reserved,

    /// <summary>Its create is being written: whether it was created, the host tells.</summary>
    Intended,

    Created,

    Online,

    /// <summary>It is being taken down.</summary>
    Leaving,
}
