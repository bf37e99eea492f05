using System.Collections.Immutable;

namespace LibvirtMdevHook.Simulator.HostFiles;

/// <summary>A physical device that has mediated devices.</summary>
/// <param name="Name">Its name in sysfs, for PCI the address.</param>
/// <param name="Path">Its folder below sys/devices.</param>
/// <param name="Subsystem">'bus/NAME' or 'class/NAME', below sys.</param>
/// <param name="Driver">The driver it is bound to.</param>
/// <param name="Dialect">The interface that the driver offers.</param>
internal sealed record ParentDescription(string Name, string Path, string Subsystem, string? Driver, SimulatedDialect Dialect)
{
    /// <summary>Present only for a PCI device.</summary>
    public PciIdentity? Pci { get; init; }

    public required Rules Rules { get; init; }

    /// <summary>The version of its driver's module; none if null.</summary>
    public string? DriverVersion { get; init; }

    /// <summary>Present only for a PF.</summary>
    public VfsDescription? Vfs { get; init; }

    /// <summary>Present only for a parent whose devices get crypto queues.</summary>
    public QueuesDescription? Queues { get; init; }

    public ImmutableDictionary<string, int> Pools { get; init; } = [];

    public ImmutableArray<TypeDescription> Types { get; init; } = [];

    public ImmutableArray<AttributeDescription> Attributes { get; init; } = [];
}
