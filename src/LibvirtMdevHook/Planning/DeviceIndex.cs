using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Planning;

/// <summary>The devices that exist on the host, by their parents and by their GPUs.</summary>
internal sealed class DeviceIndex
{
    private readonly ILookup<SysfsName, KeyValuePair<DeviceId, DevicePlace>> _byParent;
    private readonly ILookup<SysfsName, KeyValuePair<DeviceId, DevicePlace>> _byGpu;

    public DeviceIndex(Host host)
    {
        _byParent = host.Devices.ToLookup(device => device.Value.Parent);
        _byGpu = host.Devices.ToLookup(device => device.Value.Gpu);
    }

    /// <summary>The GPU of each device.</summary>
    public IEnumerable<SysfsName> Gpus => _byGpu.SelectMany(devices => devices.Select(_ => devices.Key));

    public IEnumerable<KeyValuePair<DeviceId, DevicePlace>> On(SysfsName parent) => _byParent[parent];

    public bool HasAnyOnGpu(SysfsName gpu) => _byGpu.Contains(gpu);

    public IEnumerable<KeyValuePair<DeviceId, DevicePlace>> OnGpu(SysfsName gpu) => _byGpu[gpu];
}
