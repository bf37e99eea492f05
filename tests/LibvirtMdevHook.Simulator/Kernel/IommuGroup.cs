using LibvirtMdevHook.Simulator.Tree;

namespace LibvirtMdevHook.Simulator.Kernel;

/// <summary>The IOMMU group of one device: its folder in sysfs and its node in /dev/vfio.</summary>
internal sealed class IommuGroup
{
    private readonly Folder _groups;
    private readonly Folder _vfio;

    public IommuGroup(int number, Folder groups, Folder vfio, Folder device)
    {
        (Number, _groups, _vfio) = (number, groups, vfio);
        Folder = groups.Add($"{number}");
        Folder.Add("devices").AddLink(device.Name, device);
        Node = vfio.Add($"{number}", new VfioFile(shared: false));
    }

    public int Number { get; }

    public Folder Folder { get; }

    public VfioFile Node { get; }

    public void TakeAway()
    {
        _groups.Remove($"{Number}");
        _vfio.Remove($"{Number}");
    }
}
