using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>What was read of the host.</summary>
/// <param name="Parents">Those that were asked for, in the order of their names.</param>
/// <param name="Devices">Every mediated device that exists, with its parent.</param>
/// <param name="Existing">Of the devices that were asked for those that exist.</param>
internal sealed record Host(
    ImmutableArray<Parent> Parents,
    ImmutableDictionary<DeviceId, SysfsName> Devices,
    ImmutableArray<ExistingDevice> Existing)
{
    public int DevicesOn(SysfsName parent) => Devices.Values.Count(name => name == parent);

    public ExistingDevice? Find(DeviceId device) => Existing.FirstOrDefault(e => e.Device.Id == device);
}
