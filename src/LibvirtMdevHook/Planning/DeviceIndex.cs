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
        var gpus = new Dictionary<SysfsName, SysfsName>();
        foreach (var parent in host.Parents)
            gpus.TryAdd(parent.Name, parent.Gpu);
        _byParent = host.Devices.ToLookup(device => device.Value.Parent);
        _byGpu = host.Devices
            .Where(device => GpuOf(device.Value) is not null)
            .ToLookup(device => GpuOf(device.Value)!);

        SysfsName? GpuOf(DevicePlace place) => place.Gpu ?? gpus.GetValueOrDefault(place.Parent);
    }

    /// <summary>The GPU of each device, as far as its parent was read.</summary>
    public IEnumerable<SysfsName> Gpus => _byGpu.SelectMany(devices => devices.Select(_ => devices.Key));

    public IEnumerable<KeyValuePair<DeviceId, DevicePlace>> On(SysfsName parent) => _byParent[parent];

    public bool HasAnyOnGpu(SysfsName gpu) => _byGpu.Contains(gpu);

    public IEnumerable<KeyValuePair<DeviceId, DevicePlace>> OnGpu(SysfsName gpu) => _byGpu[gpu];
}
