using LibvirtMdevHook.Simulator.Tree;

namespace LibvirtMdevHook.Simulator.HostFiles;

/// <summary>The rules of a vendor's driver.</summary>
internal sealed record Rules
{
    /// <summary>Every device on the parent has the framebuffer size of the first one.</summary>
    public bool OneSize { get; init; }

    /// <summary>Refuses a device for a domain that has one online.</summary>
    public bool CreateBeforeOnline { get; init; }

    /// <summary>The table of types shows only the types of the size in use.</summary>
    public bool ShrinkingTable { get; init; }

    /// <summary>A device's 'online' reads empty and refuses writes, like that of a driver that supports neither.</summary>
    public bool NeverOnline { get; init; }

    /// <summary>Devices of a parent without types.</summary>
    public int MaxDevices { get; init; } = int.MaxValue;

    public Errno Full { get; init; } = Errno.ENOSPC;

    public Errno OtherSize { get; init; } = Errno.ENOSPC;

    /// <summary>The answer of a VF to the number of an unknown type.</summary>
    public Errno Unknown { get; init; } = Errno.EINVAL;

    /// <summary>The answer of a VF to a 0 while it is held, and for a while afterwards.</summary>
    public Errno ClearHeld { get; init; } = Errno.EPERM;

    /// <summary>The answer of a VF without a type to a 0; none: it succeeds.</summary>
    public Errno ClearIdle { get; init; } = Errno.EPERM;

    /// <summary>How long a VF still cannot be cleared after its holder has closed it.</summary>
    public TimeSpan Leaving { get; init; }

    /// <summary>A write to 'remove' is refused at once while the device is held, as in Linux 4.10.</summary>
    public bool RemoveRefuses { get; init; }

    /// <summary>How long after a device was closed the driver removes it itself.</summary>
    public TimeSpan? SelfRemove { get; init; }
}
