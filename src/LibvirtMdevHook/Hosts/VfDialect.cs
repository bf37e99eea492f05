using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>
/// NVIDIA's SR-IOV GPUs since Linux 6.8: there are no mediated devices; a VF takes a type by its number in <c>nvidia/current_vgpu_type</c>,
/// and is parent and device in one. The file is read before every write: the driver refuses (EPERM) a number where one is set, and 0 where
/// none is.
/// </summary>
internal sealed class VfDialect : Dialect
{
    private const string None = "0";

    public override string Name => "vf";

    public override bool HasOnline => false;

    public override bool TellsType => true;

    public override bool HidesTypes => true;

    /// <summary>The driver's number, or that number as mediated devices have it.</summary>
    public override bool IsId(string declared, SysfsName id) => base.IsId(declared, id) || VgpuTypeList.IdOf(declared) == id;

    /// <summary>A VF's own type is not in its list; a sibling's may have it, and tells its name.</summary>
    public override ImmutableArray<MdevType>? ReadTypes(HostPath parent, TypeFilter wanted, out string? trouble)
    {
        var text = HostFile.Read(VirtualFunction.CreatableTypes(parent), out var error);
        trouble = text is null ? $"its creatable_vgpu_types cannot be read: {error.InWords}" : null;
        var types = VgpuTypeList.Parse(text ?? "");
        if (!VirtualFunction.HasType(parent, out var own) || own is null)
            return types;
        var known = types.Concat(VirtualFunction.Of(parent / "physfn")
            .SelectMany(vf => VgpuTypeList.Parse(HostFile.Read(VirtualFunction.CreatableTypes(vf.Path), out _) ?? "")));
        var type = known.FirstOrDefault(t => t.Id == own) ?? new MdevType(own, null);
        return types.RemoveAll(t => t.Id == own).Add(type with { AvailableInstances = 0 });
    }

    public override string Arguments(SysfsName? type, Guid domain, string extra) => "";

    /// <returns>EEXIST when the VF has a type already, or was given one by somebody else in between.</returns>
    public override Errno Create(HostPath parent, DeviceId device, SysfsName? type, string arguments)
    {
        var attribute = VirtualFunction.CurrentType(parent);
        var now = HostFile.Read(attribute, out var error)?.Trim();
        if (now != None)
            return now is null ? error : Errno.EEXIST;
        error = HostFile.Write(attribute, type!.ToString()[MdevType.NvidiaPrefix.Length..]);
        return error == Errno.EPERM && VirtualFunction.HasType(parent, out _) ? Errno.EEXIST : error;
    }

    /// <summary>The driver cannot be told which type to clear: only what was read right before it says that it is still ours.</summary>
    /// <returns>No error where the VF has no type any more, or was given another one meanwhile: the next look at it tells.</returns>
    public override Errno Destroy(HostPath parent, HostPath devicePath, DeviceId device, SysfsName? type, string arguments)
    {
        var attribute = VirtualFunction.CurrentType(devicePath);
        var now = HostFile.Read(attribute, out var error)?.Trim();
        if (now is null)
            return error;
        var isOurs = type is not null && VgpuTypeList.IdOf(now) == type;
        return isOurs ? HostFile.Write(attribute, None) : Errno.None;
    }

    public override string WhyNotCreated(HostPath parent, SysfsName? type, Errno error)
    {
        var offered = VgpuTypeList.Parse(HostFile.Read(VirtualFunction.CreatableTypes(parent), out _) ?? "").Any(t => t.Id == type);
        return error switch
        {
            Errno.ENOSPC => "no instance is left on its GPU (ENOSPC)",
            Errno.EIO or Errno.EINVAL or Errno.ENODEV when !offered =>
                $"its GPU does not offer the type any more: it is full, or runs another size ({error.Name})",
            Errno.EIO or Errno.ENOMEM => $"the driver answers {error.InWords}; {NvidiaLogs}",
            Errno.EPERM => $"the driver says that the VF has a type, though its current_vgpu_type reads 0 (EPERM); {NvidiaLogs}",
            Errno.EINVAL => "the driver does not take this type here, as another is in use on the GPU or the VF is not ready for it (EINVAL)",
            Errno.ENODEV or Errno.ENOENT or Errno.ENOTDIR => $"the driver has gone, or does not know the type any more ({error.Name})",
            _ => base.WhyNotCreated(parent, type, error),
        };
    }

    public override string WhyNotDestroyed(Errno error) => error is Errno.EPERM or Errno.EBUSY
        ? $"its driver still works on the end of the guest, or somebody uses it ({error.Name})"
        : base.WhyNotDestroyed(error);
}
