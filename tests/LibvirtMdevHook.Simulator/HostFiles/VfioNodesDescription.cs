namespace LibvirtMdevHook.Simulator.HostFiles;

/// <summary>Which nodes the devices of a host have in /dev/vfio.</summary>
internal enum VfioNodesDescription
{
    /// <summary>One for each IOMMU group, as before Linux 6.6.</summary>
    Groups,

    /// <summary>One for each IOMMU group, and a cdev for each device.</summary>
    GroupsAndCdevs,

    /// <summary>A cdev for each device: a kernel without CONFIG_VFIO_GROUP. Mediated devices have no IOMMU group.</summary>
    Cdevs,

    /// <summary>None: no VFIO driver takes the devices, which have no IOMMU group either.</summary>
    None,
}
