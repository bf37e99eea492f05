using System.Collections.Immutable;

namespace LibvirtMdevHook.Simulator.HostFiles;

/// <summary>A physical device that mediated devices can be made of.</summary>
/// <param name="Name">Its name in sysfs, for PCI the address.</param>
/// <param name="Path">Its folder below sys/devices.</param>
/// <param name="Subsystem">'bus/NAME' or 'class/NAME', below sys.</param>
/// <param name="Driver">The driver it is bound to.</param>
/// <param name="Dialect">The interface that the driver offers.</param>
internal sealed record ParentDescription(string Name, string Path, string Subsystem, string? Driver, Dialect Dialect)
{
    /// <summary>Present for PCI devices only.</summary>
    public PciIdentity? Pci { get; init; }

    public required Rules Rules { get; init; }

    public ImmutableDictionary<string, int> Pools { get; init; } = [];

    public ImmutableArray<TypeDescription> Types { get; init; } = [];

    public ImmutableArray<DeviceAttribute> Attributes { get; init; } = [];
}
