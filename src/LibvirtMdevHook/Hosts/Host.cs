using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>What was read of the host.</summary>
/// <param name="Parents">The requested parents, in the order of their names.</param>
/// <param name="Devices">
/// All mediated devices that exist, and the VFs that have a type on the GPUs of the parents.
/// </param>
/// <param name="Unlisted">
/// The GPUs whose VFs could not be listed, so that it is not known what runs on them.
/// </param>
/// <param name="Existing">The requested devices that exist.</param>
/// <param name="NotVfs">
/// The requested addresses that name no VF which takes a type, each with the reason as a clause.
/// </param>
/// <param name="Silent">
/// The GPUs that do not answer. Their parents have that as their reason.
/// </param>
/// <param name="NotSeen">
/// The requested devices on those GPUs: they could not be looked at, so they count as existing.
/// </param>
internal sealed record Host(
    ImmutableArray<Parent> Parents,
    ImmutableDictionary<DeviceId, DevicePlace> Devices,
    ImmutableHashSet<SysfsName> Unlisted,
    ImmutableArray<ExistingDevice> Existing,
    ImmutableDictionary<DeviceId, string> NotVfs,
    ImmutableDictionary<SysfsName, SilentGpu> Silent,
    ImmutableDictionary<DeviceId, Reason> NotSeen)
{
    public static readonly Host Empty = new(
        [],
        ImmutableDictionary<DeviceId, DevicePlace>.Empty,
        [],
        [],
        ImmutableDictionary<DeviceId, string>.Empty,
        ImmutableDictionary<SysfsName, SilentGpu>.Empty,
        ImmutableDictionary<DeviceId, Reason>.Empty);

    /// <summary>
    /// The physical devices of all parents of the host; read only where a declared parent is not
    /// there.
    /// </summary>
    public ImmutableArray<SysfsName> Gpus { get; init; } = [];

    /// <summary>
    /// The PCI devices that were declared as parents and take no mediated devices, each with the
    /// reason as a clause.
    /// </summary>
    public ImmutableDictionary<SysfsName, Reason> NotParents { get; init; } = ImmutableDictionary<SysfsName, Reason>.Empty;

    /// <summary>
    /// The first wanted VF that takes a type, whether or not it was read; null for none.
    /// </summary>
    public SysfsName? FirstVf { get; init; }

    public int DevicesOn(SysfsName parent) => Devices.Values.Count(place => place.Parent == parent);

    public ExistingDevice? Find(DeviceId device) => Existing.FirstOrDefault(e => e.Device.Id == device);
}

/// <summary>Where a device is.</summary>
/// <param name="Type">Null where the dialect does not show it.</param>
/// <param name="Gpu">The physical device, whether or not its parents were read.</param>
internal sealed record DevicePlace(SysfsName Parent, SysfsName? Type, SysfsName Gpu);

/// <summary>
/// A declared device that exists already: another program created it, or it was left over.
/// </summary>
/// <param name="Holders">Who has which VFIO node open.</param>
internal sealed record ExistingDevice(HostDevice Device, VfioHolders Holders)
{
    /// <summary>
    /// Which process has it open, or that this cannot be told, as a clause; null when no process
    /// has. /proc is read for it only when it is asked for: of a device that a record has, nobody
    /// asks.
    /// </summary>
    public Reason? WhyNotFree => Holders.WhyNotFree(Device.Nodes);
}
