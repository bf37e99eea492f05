using LibvirtMdevHook.Simulator.Tree;

namespace LibvirtMdevHook.Simulator.HostFiles;

/// <summary>How a vendor's driver decides.</summary>
internal sealed record Rules
{
    /// <summary>Every device on the parent has the framebuffer size of the first one.</summary>
    public bool OneSize { get; init; }

    /// <summary>No device for a domain one of whose devices is online.</summary>
    public bool CreateBeforeOnline { get; init; }

    /// <summary>The table of types shows only those of the size in use.</summary>
    public bool ShrinkingTable { get; init; }

    /// <summary>A device's 'online' shows nothing and takes nothing, as of a driver that cannot do either.</summary>
    public bool NeverOnline { get; init; }

    /// <summary>Devices of a parent without types.</summary>
    public int MaxDevices { get; init; } = int.MaxValue;

    public Errno Full { get; init; } = Errno.ENOSPC;

    public Errno OtherSize { get; init; } = Errno.ENOSPC;

    /// <summary>What a VF answers to the number of a type that there is not.</summary>
    public Errno Unknown { get; init; } = Errno.EINVAL;

    /// <summary>What a VF answers to a 0 while it is held, and for a while after.</summary>
    public Errno ClearHeld { get; init; } = Errno.EPERM;

    /// <summary>What a VF without a type answers to a 0; none: it succeeds.</summary>
    public Errno ClearIdle { get; init; } = Errno.EPERM;

    /// <summary>How long a VF cannot be cleared yet after it was let go.</summary>
    public TimeSpan Leaving { get; init; }

    /// <summary>A write to 'remove' is refused while the device is held, as in 4.10, and does not wait.</summary>
    public bool RemoveRefuses { get; init; }

    /// <summary>The driver removes a device itself this long after it was let go.</summary>
    public TimeSpan? SelfRemove { get; init; }
}
