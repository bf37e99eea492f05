using LibvirtMdevHook.Simulator.Tree;

namespace LibvirtMdevHook.Simulator.HostFiles;

/// <summary>An attribute in the folder of each device.</summary>
/// <param name="Path">Its name, after its group's.</param>
/// <param name="Value">Its first value; '{number}' is the device's number on its parent.</param>
/// <param name="Readable">It can be read.</param>
/// <param name="Writable">It can be written.</param>
internal sealed record AttributeDescription(string Path, string Value, bool Readable, bool Writable)
{
    public int MaxLength { get; init; } = int.MaxValue;

    /// <summary>The answer to a write while the device is held; none: it succeeds.</summary>
    public Errno WhileHeld { get; init; }
}
