using LibvirtMdevHook.Simulator.HostFiles;
using LibvirtMdevHook.Simulator.Tree;

namespace LibvirtMdevHook.Simulator.Kernel;

/// <summary>The simulated kernel: the tree, its parents and its devices.</summary>
internal sealed class Machine
{
    private readonly Dictionary<string, MediatedDevice> _devices = new(StringComparer.Ordinal);
    private readonly Folder _deviceLinks;
    private int _lastVfioDevice;

    public Machine(HostDescription host, Gate gate)
    {
        Gate = gate;
        _deviceLinks = Root.Make("sys/bus/mdev/devices");
        MdevDriver = Root.Make("sys/bus/mdev/drivers/vfio_mdev");
        VfioNodes = host.VfioNodes;
        Groups = Root.Make("sys/kernel/iommu_groups");
        Groups.Make("0/devices");
        Vfio = Root.Make("dev/vfio");
        if (VfioNodes != VfioNodesDescription.Cdevs)
            Vfio.Add("vfio", new VfioFile(VfioFileKind.Shared));
        if (VfioNodes is VfioNodesDescription.Cdevs or VfioNodesDescription.GroupsAndCdevs)
            Root.Make("dev").Add("iommu", new VfioFile(VfioFileKind.Shared));
        Parents = [.. host.Parents.SelectMany(IEnumerable<SimulatedParent> (parent) => parent.Dialect switch
        {
            SimulatedDialect.Mdev when parent.Vfs is not null => new MdevVfs(this, parent).Parents,
            SimulatedDialect.Mdev => [new MdevParent(this, parent)],
            SimulatedDialect.Vf => [new VfParent(this, parent)],
            _ => [new Rfc2016Parent(this, parent)],
        })];
        foreach (var parent in Parents)
            parent.Register();
        foreach (var device in host.Others)
            OtherPciDevice.Add(this, device);
    }

    public Gate Gate { get; }

    public VfioNodesDescription VfioNodes { get; }

    /// <summary>The folder of all IOMMU groups.</summary>
    public Folder Groups { get; }

    public Folder Vfio { get; }

    public Folder Cdevs => Vfio.Make("devices");

    public Folder Root { get; } = new() { Permanent = true };

    public Folder MdevBus => (Folder)_deviceLinks.Parent!;

    public Folder MdevDriver { get; }

    public IReadOnlyList<SimulatedParent> Parents { get; }

    public IEnumerable<MediatedDevice> Devices => _devices.Values;

    public MediatedDevice? Find(string uuid) => _devices.GetValueOrDefault(uuid);

    public MediatedDevice Add(MediatedDevice device)
    {
        _devices.Add(device.Uuid, device);
        _deviceLinks.AddLink(device.Uuid, device.Folder);
        return device;
    }

    public VfioDevice NewVfioDevice(Folder device, bool isMdev) => new(this, ++_lastVfioDevice, device, isMdev);

    /// <summary>Removes what else names a device that leaves sysfs.</summary>
    public void Disconnect(MediatedDevice device)
    {
        _deviceLinks.Remove(device.Uuid);
        device.Parent.Disconnect(device);
        device.Vfio.Disconnect(device.Uuid);
    }

    public void Forget(MediatedDevice device) => _devices.Remove(device.Uuid);

    public IEnumerable<string> Describe() =>
        Parents.SelectMany(parent => parent.Describe()).Concat(Devices.Select(device => device.Describe()))
            .Append($"groups {_lastVfioDevice}");
}
