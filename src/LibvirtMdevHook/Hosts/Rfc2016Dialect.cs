using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>
/// The interface of the 2016 proposal (libvir-list, August 2016, "[RFC] libvirt vGPU QEMU integration"): files <c>mdev_supported_types</c>,
/// <c>mdev_create</c> and <c>mdev_destroy</c> in the parent, taking <c>UUID[:arguments]</c>, and <c>online</c> in each device.
/// </summary>
internal sealed class Rfc2016Dialect : Dialect
{
    public override string Name => "rfc2016";

    public override bool HasOnline => true;

    public override bool TellsType => false;

    public override bool HidesTypes => true;

    public override ImmutableArray<MdevType>? ReadTypes(HostPath parent, TypeFilter wanted, out string? trouble)
    {
        var table = HostFile.Read(parent / "mdev_supported_types", out var error);
        trouble = error.IsNone || error.IsAbsent ? null : $"its mdev_supported_types cannot be read: {error.InWords}";
        if (table is not null)
            return Rfc2016Table.Parse(table);
        return trouble is null ? null : [];
    }

    /// <summary>NVIDIA wants the type's number and the uuid of the VM; a vendor without predefined types neither.</summary>
    public override string Arguments(SysfsName? type, Guid domain, string extra)
    {
        var own = type is null ? "" : $"vgpu_type_id={type},vm_uuid={domain:D}";
        return own.Length > 0 && extra.Length > 0 ? $"{own},{extra}" : own + extra;
    }

    /// <summary>Without a newline: it would become part of the last argument.</summary>
    public override Errno Create(HostPath parent, DeviceId device, SysfsName? type, string arguments) =>
        HostFile.Write(parent / "mdev_create", Command(device, arguments));

    public override Errno Destroy(HostPath parent, HostPath devicePath, DeviceId device, SysfsName? type, string arguments) =>
        HostFile.Write(parent / "mdev_destroy", Command(device, arguments));

    public override string WhyNotCreated(HostPath parent, SysfsName? type, Errno error) => error == Errno.EINVAL
        ? "the driver does not take the type or the args, or has no instance left (EINVAL); the kernel's log says why"
        : base.WhyNotCreated(parent, type, error);

    public override string WhyNotDestroyed(Errno error) => error is Errno.EINVAL or Errno.ENODEV
        ? $"its driver does not know it ({error.Name}), though it is in sysfs; the kernel's log says why"
        : base.WhyNotDestroyed(error);

    public override string WhyNotOnline(Errno error) => error switch
    {
        Errno.EINVAL => "its driver has no way to do so (EINVAL)",
        Errno.ENODEV or Errno.ENOENT or Errno.ENOTDIR => $"it has gone meanwhile ({error.Name})",
        _ => base.WhyNotOnline(error),
    };

    /// <summary>A driver that cannot do either shows nothing, and there is nothing to take back.</summary>
    public override Errno SetOnline(HostPath devicePath, bool online)
    {
        var attribute = devicePath / "online";
        var now = HostFile.Read(attribute, out var error)?.Trim();
        if (now is null)
            return error;
        return (now.Length > 0 && now != "0") == online ? Errno.None : HostFile.Write(attribute, online ? "1" : "0");
    }

    private static string Command(DeviceId device, string arguments) => arguments.Length > 0 ? $"{device}:{arguments}" : $"{device}";
}
