using LibvirtMdevHook.Simulator.HostFiles;
using LibvirtMdevHook.Simulator.Tree;

namespace LibvirtMdevHook.Simulator.Kernel;

/// <summary>The simulated kernel: the tree, its parents and its devices.</summary>
internal sealed class Machine
{
    private readonly Dictionary<string, MediatedDevice> devices = new(StringComparer.Ordinal);
    private readonly Folder deviceLinks;
    private readonly Folder groups;
    private readonly Folder vfio;
    private int lastGroup;

    public Machine(HostDescription host, Gate gate)
    {
        Gate = gate;
        deviceLinks = Root.Make("sys/bus/mdev/devices");
        MdevDriver = Root.Make("sys/bus/mdev/drivers/vfio_mdev");
        groups = Root.Make("sys/kernel/iommu_groups");
        groups.Make("0/devices");
        vfio = Root.Make("dev/vfio");
        vfio.Add("vfio", new VfioFile(shared: true));
        Parents = [.. host.Parents.Select(Parent (parent) => parent.Dialect switch
        {
            Dialect.Mdev => new MdevParent(this, parent),
            Dialect.Vf => new VfParent(this, parent),
            _ => new Rfc2016Parent(this, parent),
        })];
        foreach (var parent in Parents)
        {
            parent.Register();
        }
    }

    public Gate Gate { get; }

    public Folder Root { get; } = new() { Permanent = true };

    public Folder MdevBus => (Folder)deviceLinks.Parent!;

    public Folder MdevDriver { get; }

    public IReadOnlyList<Parent> Parents { get; }

    public IEnumerable<MediatedDevice> Devices => devices.Values;

    public MediatedDevice? Find(string uuid) => devices.GetValueOrDefault(uuid);

    public MediatedDevice Add(MediatedDevice device)
    {
        devices.Add(device.Uuid, device);
        deviceLinks.AddLink(device.Uuid, device.Folder);
        return device;
    }

    public IommuGroup NewGroup(Folder device) => new(++lastGroup, groups, vfio, device);

    /// <summary>Takes away what else names a device that leaves sysfs.</summary>
    public void Disconnect(MediatedDevice device)
    {
        deviceLinks.Remove(device.Uuid);
        device.Parent.Disconnect(device);
        (device.Group.Folder.Find("devices") as Folder)?.Remove(device.Uuid);
    }

    public void Forget(MediatedDevice device) => devices.Remove(device.Uuid);

    public IEnumerable<string> Describe() =>
        Parents.SelectMany(parent => parent.Describe()).Concat(Devices.Select(device => device.Describe())).Append($"groups {lastGroup}");
}
