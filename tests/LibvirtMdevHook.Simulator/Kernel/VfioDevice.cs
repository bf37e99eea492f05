using LibvirtMdevHook.Simulator.HostFiles;
using LibvirtMdevHook.Simulator.Tree;

namespace LibvirtMdevHook.Simulator.Kernel;

/// <summary>What VFIO has of one device: its IOMMU group, and the nodes by which a process opens it.</summary>
internal sealed class VfioDevice
{
    private readonly Machine _machine;
    private readonly Folder? _group;
    private readonly VfioFile? _groupNode;
    private readonly VfioFile? _cdev;

    /// <param name="isMdev">It has an IOMMU group only where groups have nodes.</param>
    public VfioDevice(Machine machine, int number, Folder device, bool isMdev)
    {
        (_machine, Number) = (machine, number);
        var nodes = machine.VfioNodes;
        var hasGroupNode = nodes is VfioNodesDescription.Groups or VfioNodesDescription.GroupsAndCdevs;
        if (hasGroupNode || (nodes == VfioNodesDescription.Cdevs && !isMdev))
        {
            _group = machine.Groups.Add($"{number}");
            _group.Add("devices").AddLink(device.Name, device);
            device.AddLink("iommu_group", _group);
        }

        if (nodes is VfioNodesDescription.GroupsAndCdevs or VfioNodesDescription.Cdevs)
        {
            _cdev = machine.Cdevs.Add(CdevName, new VfioFile(VfioFileKind.Cdev));
            _cdev.Closed += () => Closed?.Invoke();
            device.AddDeep($"vfio-dev/{CdevName}/dev", SysfsFile.Fixed($"511:{number}"));
        }

        if (!hasGroupNode)
            return;
        // The kernel lets nobody open a group one of whose devices is bound to an iommufd by its cdev (since Linux 6.6). Here one that is
        // open counts as bound.
        _groupNode = machine.Vfio.Add($"{number}", new VfioFile(VfioFileKind.Group, () => _cdev?.IsOpen == true));
        _groupNode.Closed += () => Closed?.Invoke();
    }

    public event Action? Closed;

    public int Number { get; }

    public bool IsOpen => _groupNode?.IsOpen == true || _cdev?.IsOpen == true;

    private string CdevName => $"vfio{Number}";

    /// <summary>Another process has it open than one that keeps others out by the group.</summary>
    public bool HeldByOtherThan(int process) => _groupNode?.HeldByOtherThan(process) == true || _cdev?.IsOpen == true;

    /// <summary>The device leaves its group.</summary>
    public void Disconnect(string device) => (_group?.Find("devices") as Folder)?.Remove(device);

    public void TakeAway()
    {
        _machine.Groups.Remove($"{Number}");
        _machine.Vfio.Remove($"{Number}");
        if (_cdev is not null)
            _machine.Cdevs.Remove(CdevName);
    }
}
