using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>
/// The interface of NVIDIA's SR-IOV GPUs since Linux 6.8. There are no mediated devices: a VF takes
/// a type by its number in <c>nvidia/current_vgpu_type</c>, and is both parent and device. That
/// attribute is read before every write, as the driver refuses (EPERM) to set a number where one is
/// set, and to set 0 where none is.
/// </summary>
internal sealed class VfDialect : Dialect
{
    private const string NoType = "0";

    public override string Name => "vf";

    public override bool HasOnline => false;

    public override bool TellsType => true;

    public override bool HidesTypes => true;

    /// <summary>
    /// Takes the driver's number, and the id that a mediated device of the type would have.
    /// </summary>
    public override bool IsId(string declared, SysfsName id) =>
        base.IsId(declared, id) || VgpuTypeList.IdOf(declared) == id;

    /// <summary>
    /// A VF does not list the type that it has. A sibling may list it; its name is taken from
    /// there.
    /// </summary>
    public override ImmutableArray<MdevType>? ReadTypes(HostPath parent, TypeFilter wanted, out Reason? reason)
    {
        var text = HostFile.Read(VirtualFunction.CreatableTypes(parent), out var error);
        reason = text is null ? Reason.Of("its creatable_vgpu_types cannot be read", error) : null;
        var types = VgpuTypeList.Parse(text ?? "");
        if (!VirtualFunction.HasType(parent, out var own) || own is null)
            return types;
        var ofSiblings = VirtualFunction.Of(parent / "physfn").SelectMany(vf => ListedBy(vf.Path));
        var type = types.Concat(ofSiblings).FirstOrDefault(t => t.Id == own) ?? new MdevType(own, null);
        return types.RemoveAll(t => t.Id == own).Add(type with { AvailableInstances = 0 });
    }

    public override string Arguments(SysfsName? type, Guid domain, string extra) => "";

    /// <returns>
    /// EEXIST when the VF has a type already, also when another process set it between the read and
    /// the write.
    /// </returns>
    public override Errno Create(HostPath parent, DeviceId device, SysfsName? type, string arguments)
    {
        var attribute = VirtualFunction.CurrentType(parent);
        var now = HostFile.Read(attribute, out var error)?.Trim();
        if (now is null)
            return error;
        if (now != NoType)
            return Errno.EEXIST;
        var number = type!.ToString()[TypeNumber.IdPrefix.Length..];
        error = HostFile.Write(attribute, number);
        return error == Errno.EPERM && VirtualFunction.HasType(parent, out _) ? Errno.EEXIST : error;
    }

    /// <summary>
    /// The write does not name the type to clear. So the type is read right before it, and cleared
    /// only if it is the one that was set.
    /// </summary>
    /// <returns>
    /// No error where the VF has no type any more, or another one by now. The next look at the VF
    /// shows that.
    /// </returns>
    public override Errno Destroy(HostPath parent, HostPath devicePath, DeviceId device, SysfsName? type, string arguments)
    {
        var attribute = VirtualFunction.CurrentType(devicePath);
        var now = HostFile.Read(attribute, out var error)?.Trim();
        if (now is null)
            return error;
        var isOurs = type is not null && VgpuTypeList.IdOf(now) == type;
        return isOurs ? HostFile.Write(attribute, NoType) : Errno.None;
    }

    public override string WhyNotCreated(HostPath parent, SysfsName? type, Errno error)
    {
        var isListed = ListedBy(parent).Any(t => t.Id == type);
        return error switch
        {
            Errno.ENOSPC => "no instance is left on its GPU (ENOSPC)",
            Errno.EIO or Errno.EINVAL or Errno.ENODEV when !isListed =>
                $"its GPU does not offer the type any more: it is full, or runs another size ({error.Name})",
            Errno.EIO or Errno.ENOMEM => $"the driver answers {error.InWords}; {NvidiaDriver.Logs}",
            Errno.EPERM =>
                $"the driver says that the VF has a type, though its current_vgpu_type reads 0 (EPERM); {NvidiaDriver.Logs}",
            Errno.EINVAL =>
                "the driver does not take this type here, as another is in use on the GPU or the VF is not ready for it (EINVAL)",
            Errno.ENODEV or Errno.ENOENT or Errno.ENOTDIR =>
                $"the driver has gone, or does not know the type any more ({error.Name})",
            _ => base.WhyNotCreated(parent, type, error),
        };
    }

    public override string WhyNotDestroyed(Errno error) => error is Errno.EPERM or Errno.EBUSY
        ? $"its driver still works on the end of the guest, or somebody uses it ({error.Name})"
        : base.WhyNotDestroyed(error);

    private static ImmutableArray<MdevType> ListedBy(HostPath vf) =>
        VgpuTypeList.Parse(HostFile.Read(VirtualFunction.CreatableTypes(vf), out _) ?? "");
}
