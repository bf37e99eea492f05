namespace LibvirtMdevHook.Simulator.Tree;

/// <summary>What a file below /dev/vfio stands for.</summary>
internal enum VfioFileKind
{
    /// <summary>The node of all groups, or /dev/iommu.</summary>
    Shared,

    /// <summary>A group's node, which can be open once at a time.</summary>
    Group,

    /// <summary>A device's own node, which any number of processes can have open.</summary>
    Cdev,
}

/// <summary>A node of VFIO. A device's, or its group's, reports when nobody has it open any more.</summary>
/// <param name="isBusy">Nobody may open it now for another reason.</param>
internal sealed class VfioFile(VfioFileKind kind, Func<bool>? isBusy = null) : TreeFile(kind == VfioFileKind.Shared ? 0x1B6u : 0x180u)
{
    private int _holder;
    private int _opens;

    public event Action? Closed;

    public bool IsOpen => _opens > 0;

    public override bool Readable => true;

    public override bool Writable => true;

    public override bool Logged => false;

    /// <summary>
    /// Another process has it open. In the kernel an open group holds nothing; only the device that QEMU gets from it does. A process that
    /// opens the group to keep others out, and then removes the device, must not wait for itself.
    /// </summary>
    public bool HeldByOtherThan(int process) => IsOpen && (process == NoProcess || process != _holder);

    public override Errno Open(int process)
    {
        if (kind == VfioFileKind.Shared)
            return Errno.None;
        if (isBusy?.Invoke() == true || (kind == VfioFileKind.Group && IsOpen))
            return Errno.EBUSY;
        _opens++;
        _holder = process;
        return Errno.None;
    }

    public override void Close()
    {
        if (kind == VfioFileKind.Shared)
            return;
        _opens--;
        if (!IsOpen)
            Closed?.Invoke();
    }

    public override byte[] Read() => [];

    public override void Write(byte[] data, int process, Ending end) => end(Errno.EINVAL);
}
