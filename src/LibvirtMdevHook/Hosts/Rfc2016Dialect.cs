using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>
/// The interface of the 2016 proposal (libvir-list, August 2016, "[RFC] libvirt vGPU QEMU
/// integration"). The parent has the files <c>mdev_supported_types</c>, and <c>mdev_create</c> and
/// <c>mdev_destroy</c>, which take <c>UUID[:arguments]</c>. Each device has <c>online</c>.
/// </summary>
internal sealed class Rfc2016Dialect : Dialect
{
    public override string Name => "rfc2016";

    public override bool HasOnline => true;

    public override bool TellsType => false;

    public override bool HidesTypes => true;

    /// <summary>The number of a row, which nvidia-smi prints with the prefix 0x.</summary>
    public override bool IsId(string declared, SysfsName id) =>
        declared == id.ToString() || (TypeNumber.ParseHex(declared) is { } number && id.ToString() == $"{number}");

    public override ImmutableArray<MdevType>? ReadTypes(HostPath parent, TypeFilter wanted, out Reason? reason)
    {
        var table = HostFile.Read(parent / "mdev_supported_types", out var error);
        reason = null;
        if (table is not null)
            return Rfc2016Table.Parse(table);
        if (error.IsAbsent)
            return null;
        reason = Reason.Of("its mdev_supported_types cannot be read", error);
        return [];
    }

    /// <summary>
    /// NVIDIA's driver expects the number of the type and the uuid of the VM. The driver of a
    /// vendor without predefined types expects neither.
    /// </summary>
    public override string Arguments(SysfsName? type, Guid domain, string extra)
    {
        if (type is null)
            return extra;
        var own = $"vgpu_type_id={type},vm_uuid={domain:D}";
        return extra.Length > 0 ? $"{own},{extra}" : own;
    }

    /// <summary>Writes no newline, as that would become a part of the last argument.</summary>
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

    /// <summary>
    /// An empty <c>online</c> counts as offline: a driver that cannot bring devices online shows
    /// nothing.
    /// </summary>
    public override Errno SetOnline(HostPath devicePath, bool online)
    {
        var attribute = devicePath / "online";
        var now = HostFile.Read(attribute, out var error)?.Trim();
        if (now is null)
            return error;
        var isOnline = now.Length > 0 && now != "0";
        if (isOnline == online)
            return Errno.None;
        return HostFile.Write(attribute, online ? "1" : "0");
    }

    private static string Command(DeviceId device, string arguments) =>
        arguments.Length > 0 ? $"{device}:{arguments}" : $"{device}";
}
