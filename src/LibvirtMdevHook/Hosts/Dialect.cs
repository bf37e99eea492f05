using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>
/// A sysfs interface by which a driver creates mediated devices. The files in a parent's folder
/// show which one it has.
/// </summary>
internal abstract class Dialect
{
    public static readonly Dialect Mdev = new MdevDialect();
    public static readonly Dialect Rfc2016 = new Rfc2016Dialect();
    public static readonly Dialect Vf = new VfDialect();

    /// <summary>
    /// The name in records and messages: <c>mdev</c>, <c>rfc2016</c> or <c>vf</c>.
    /// </summary>
    public abstract string Name { get; }

    /// <summary>
    /// Devices have an <c>online</c> attribute that must read 1 before QEMU starts.
    /// </summary>
    public abstract bool HasOnline { get; }

    /// <summary>
    /// A device shows which of its parent's types it has. Drivers of the 2016 interface may also
    /// have <c>mdev_type</c>, as libvirt reads <c>mdev_type/device_api</c> of every device, but
    /// theirs does not name a row of the parent's table.
    /// </summary>
    public abstract bool TellsType { get; }

    /// <summary>
    /// The driver may leave out the types that do not fit beside the devices that run on the GPU.
    /// </summary>
    public virtual bool HidesTypes => false;

    /// <returns>True when the declared text is the id of a type, in any spelling.</returns>
    public virtual bool IsId(string declared, SysfsName id) => TypeName.IsId(declared, id.ToString());

    public static Dialect? Find(string name) => Array.Find([Mdev, Rfc2016, Vf], dialect => dialect.Name == name);

    /// <returns>Null when the folder is not that of a parent.</returns>
    public static Dialect? Detect(HostPath parent)
    {
        if (FileStatus.Of(parent / "mdev_supported_types", out _) is { IsDirectory: true })
            return Mdev;
        if (FileStatus.Of(parent / "mdev_create", out _) is { IsRegular: true })
            return Rfc2016;
        return VirtualFunction.Is(parent) ? Vf : null;
    }

    /// <returns>The folder of the parent with the name.</returns>
    public static HostPath ParentPath(Root root, SysfsName parent)
    {
        var registered = root.Sys / "class/mdev_bus" / parent;
        return FileStatus.Of(registered, out _) is not null ? registered : root.PciDevices / parent;
    }

    /// <param name="reason">
    /// Why types, or names of types, cannot be read; null when all were read.
    /// </param>
    /// <returns>Null when the parent has no list of types.</returns>
    public abstract ImmutableArray<MdevType>? ReadTypes(HostPath parent, TypeFilter wanted, out Reason? reason);

    /// <returns>The arguments of create and destroy besides the uuid; empty for none.</returns>
    public abstract string Arguments(SysfsName? type, Guid domain, string extra);

    public abstract Errno Create(HostPath parent, DeviceId device, SysfsName? type, string arguments);

    /// <param name="type">The type as which the device was created.</param>
    public abstract Errno Destroy(HostPath parent, HostPath devicePath, DeviceId device, SysfsName? type, string arguments);

    /// <summary>
    /// Must be called right after the failed create, as it looks at the parent again.
    /// </summary>
    /// <returns>Why the create was refused, as a clause.</returns>
    public virtual string WhyNotCreated(HostPath parent, SysfsName? type, Errno error) => error switch
    {
        Errno.ENOSPC or Errno.EUSERS => $"no instance left ({error.Name})",
        Errno.ENOMEM => "no memory is left for it on the host, or no instance (ENOMEM)",
        Errno.EFAULT => "the driver could not make it (EFAULT); the kernel's log says why",
        Errno.ENODEV or Errno.ENOENT or Errno.ENOTDIR =>
            $"its driver is going, or its hardware is not operational ({error.Name}); "
            + "start again when 'virt-mdev types' lists the type there",
        Errno.EIO when NvidiaDriver.Drives(parent) =>
            $"its GPU is full, runs another size or is in another MIG mode (EIO); {NvidiaDriver.Logs}",
        _ => $"the driver answers {error.InWords}; the kernel's log says why",
    };

    /// <returns>Why the removal was refused, as a clause.</returns>
    public virtual string WhyNotDestroyed(Errno error) => error switch
    {
        Errno.EBUSY or Errno.EPERM => $"its driver says that it is in use ({error.Name})",
        Errno.EAGAIN => "the kernel is still at work on another create or remove of it (EAGAIN)",
        Errno.ENODEV or Errno.ENOENT or Errno.ENOTDIR => $"its parent's driver is going ({error.Name})",
        _ => $"it cannot be removed: {error.InWords}; the kernel's log says why",
    };

    /// <returns>Why the device cannot be brought online or offline, as a clause.</returns>
    public virtual string WhyNotOnline(Errno error) => $"{error.InWords}; the kernel's log says why";

    /// <summary>Reads the state first, and writes only a change.</summary>
    public virtual Errno SetOnline(HostPath devicePath, bool online) => Errno.None;

    /// <summary>
    /// True when another parent may still have an instance. Drivers answer differently when no
    /// instance is left, or when that has changed a moment ago: ENOSPC (mtty), EUSERS (since Linux
    /// 6.1), EPERM (vfio_ap and vfio_ccw), ENOMEM (older mdpy), EIO (NVIDIA), EFAULT (GVT-g),
    /// EINVAL (the first drivers of the 2016 interface, for everything), EAGAIN (concurrent
    /// changes), ENODEV and ENOENT (a parent that is being removed).
    /// </summary>
    public static bool MayBeFull(Errno error) => error is Errno.ENOSPC or Errno.EUSERS or Errno.EPERM or Errno.ENOMEM or Errno.EIO
        or Errno.EFAULT or Errno.EINVAL or Errno.EAGAIN or Errno.ENODEV or Errno.ENOENT or Errno.ENOTDIR;
}
