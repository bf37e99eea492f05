using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>One of the sysfs interfaces by which drivers let mediated devices be made; told by what lies in a parent's folder.</summary>
internal abstract class Dialect
{
    public static readonly Dialect Mdev = new MdevDialect();
    public static readonly Dialect Rfc2016 = new Rfc2016Dialect();
    public static readonly Dialect Vf = new VfDialect();

    /// <summary>Where NVIDIA's drivers say more than the one errno that they have for nearly everything.</summary>
    protected const string NvidiaLogs = "'journalctl -u nvidia-vgpu-mgr' and the kernel's log say why";

    /// <summary>For records and people: <c>mdev</c>, <c>rfc2016</c> or <c>vf</c>.</summary>
    public abstract string Name { get; }

    /// <summary>Devices have an <c>online</c> attribute that must read 1 before QEMU starts.</summary>
    public abstract bool HasOnline { get; }

    /// <summary>
    /// A device's <c>mdev_type</c> names one of the types that its parent lists. libvirt wants <c>mdev_type/device_api</c> of every device, so
    /// that drivers of the 2016 interface may have it too, without saying which row of their table it is.
    /// </summary>
    public abstract bool TellsType { get; }

    /// <summary>The list of types may lack those that cannot be had beside what runs on the GPU.</summary>
    public virtual bool HidesTypes => false;

    /// <summary>Whether a declared text is the id of a type.</summary>
    public virtual bool IsId(string declared, SysfsName id) => declared == id.ToString();

    public static Dialect? Find(string name) => Array.Find([Mdev, Rfc2016, Vf], dialect => dialect.Name == name);

    /// <returns>Null when the folder is not that of a parent.</returns>
    public static Dialect? Detect(HostPath parent)
    {
        var types = FileStatus.Of(parent / "mdev_supported_types", out _);
        if (types is { IsDirectory: true })
            return Mdev;
        if (FileStatus.Of(parent / "mdev_create", out _) is { IsRegular: true })
            return Rfc2016;
        return VirtualFunction.Is(parent) ? Vf : null;
    }

    /// <summary>Where a parent's folder is, by its name.</summary>
    public static HostPath ParentPath(Root root, SysfsName parent)
    {
        var registered = root.Sys / "class/mdev_bus" / parent;
        return FileStatus.Of(registered, out _) is not null ? registered : root.PciDevices / parent;
    }

    /// <param name="trouble">Why there may be types that cannot be read, as half a sentence; null when all can.</param>
    /// <returns>Null when the parent has no list of types.</returns>
    public abstract ImmutableArray<MdevType>? ReadTypes(HostPath parent, TypeFilter wanted, out string? trouble);

    /// <returns>What create and destroy are given besides the uuid; empty for nothing.</returns>
    public abstract string Arguments(SysfsName? type, Guid domain, string extra);

    public abstract Errno Create(HostPath parent, DeviceId device, SysfsName? type, string arguments);

    /// <param name="type">What the device was made as.</param>
    public abstract Errno Destroy(HostPath parent, HostPath devicePath, DeviceId device, SysfsName? type, string arguments);

    /// <returns>What a refused create means, as half a sentence; asked right after it.</returns>
    public virtual string WhyNotCreated(HostPath parent, SysfsName? type, Errno error) => error switch
    {
        Errno.ENOSPC or Errno.EUSERS => $"no instance left ({error.Name})",
        Errno.ENOMEM => "no memory is left for it on the host, or no instance (ENOMEM)",
        Errno.EFAULT => "the driver could not make it (EFAULT); the kernel's log says why",
        Errno.ENODEV or Errno.ENOENT or Errno.ENOTDIR =>
            $"its driver is going, or its hardware is not operational ({error.Name}); start again when 'virt-mdev types' lists the type there",
        Errno.EIO when HostFile.LinkName(parent / "driver")?.ToString() == "nvidia" =>
            $"its GPU is full, runs another size or is in another MIG mode (EIO); {NvidiaLogs}",
        _ => $"the driver answers {error.InWords}; the kernel's log says why",
    };

    /// <returns>What a refused removal means, as half a sentence.</returns>
    public virtual string WhyNotDestroyed(Errno error) => error switch
    {
        Errno.EBUSY or Errno.EPERM => $"its driver says that it is in use ({error.Name})",
        Errno.EAGAIN => "the kernel is still at work on another create or remove of it (EAGAIN)",
        Errno.ENODEV or Errno.ENOENT or Errno.ENOTDIR => $"its parent's driver is going ({error.Name})",
        _ => $"it cannot be removed: {error.InWords}; the kernel's log says why",
    };

    /// <returns>What it means that a device cannot be brought online or offline, as half a sentence.</returns>
    public virtual string WhyNotOnline(Errno error) => $"{error.InWords}; the kernel's log says why";

    /// <summary>Queries, and writes only a change.</summary>
    public virtual Errno SetOnline(HostPath devicePath, bool online) => Errno.None;

    /// <summary>
    /// The many ways in which drivers say that nothing is left, or no longer what it was a moment ago (ENOSPC mtty, EUSERS since 6.1, EPERM vfio_ap
    /// and vfio_ccw, ENOMEM old mdpy, EIO NVIDIA, EFAULT GVT-g, EINVAL the first drivers of the 2016 interface for everything, EAGAIN concurrent
    /// changes, ENODEV and ENOENT a parent that goes): another parent may still do.
    /// </summary>
    public static bool MayBeFull(Errno error) => error is Errno.ENOSPC or Errno.EUSERS or Errno.EPERM or Errno.ENOMEM or Errno.EIO
        or Errno.EFAULT or Errno.EINVAL or Errno.EAGAIN or Errno.ENODEV or Errno.ENOENT or Errno.ENOTDIR;
}
