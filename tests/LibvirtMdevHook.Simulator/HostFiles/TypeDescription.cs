using System.Collections.Immutable;

namespace LibvirtMdevHook.Simulator.HostFiles;

/// <summary>A type of mediated device.</summary>
internal sealed record TypeDescription(string Id)
{
    /// <summary>Old GVT-g has none.</summary>
    public string? Name { get; init; }

    public string? Description { get; init; }

    public string DeviceApi { get; init; } = "vfio-pci";

    /// <summary>How many fit on the parent at most; if null, only the pools limit it.</summary>
    public int MaxInstances { get; init; } = int.MaxValue;

    public string? Framebuffer { get; init; }

    /// <summary>num_heads, frl_config and max_resolution of the proposal's table.</summary>
    public string Heads { get; init; } = "";

    public string FrlConfig { get; init; } = "";

    public string MaxResolution { get; init; } = "";

    /// <summary>Attributes of the devices of this type, besides the attributes of all devices of the parent.</summary>
    public ImmutableArray<AttributeDescription> Attributes { get; init; } = [];

    /// <summary>How much one device takes from the parent's pools.</summary>
    public ImmutableDictionary<string, int> Costs { get; init; } = [];
}
