using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>What was read of the host.</summary>
/// <param name="Parents">Those that were asked for, in the order of their names.</param>
/// <param name="Devices">Every mediated device that exists, and every VF that has a type on the GPUs of the parents.</param>
/// <param name="Existing">Of the devices that were asked for those that exist.</param>
/// <param name="Unlisted">Those GPUs of VFs whose other VFs could not be listed, so that it is not known what runs there.</param>
/// <param name="NotVfs">Of the VFs that were asked for those that are none, with the reason as half a sentence.</param>
internal sealed record Host(
    ImmutableArray<Parent> Parents,
    ImmutableDictionary<DeviceId, DevicePlace> Devices,
    ImmutableHashSet<SysfsName> Unlisted,
    ImmutableArray<ExistingDevice> Existing,
    ImmutableDictionary<DeviceId, string> NotVfs)
{
    public int DevicesOn(SysfsName parent) => Devices.Values.Count(place => place.Parent == parent);

    public ExistingDevice? Find(DeviceId device) => Existing.FirstOrDefault(e => e.Device.Id == device);
}

/// <summary>Where a device is.</summary>
/// <param name="Type">Null where the dialect does not tell.</param>
/// <param name="Gpu">A VF's PF; null for a mediated device, whose parent tells.</param>
internal sealed record DevicePlace(SysfsName Parent, SysfsName? Type, SysfsName? Gpu = null);
