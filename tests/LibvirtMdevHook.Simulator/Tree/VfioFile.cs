namespace LibvirtMdevHook.Simulator.Tree;

/// <summary>A file below /dev/vfio. A group's file can be open once at a time, and reports its close.</summary>
internal sealed class VfioFile(bool shared) : TreeFile(shared ? 0x1B6u : 0x180u)
{
    private int _holder;

    public event Action? Closed;

    public bool IsOpen { get; private set; }

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
        if (shared)
            return Errno.None;
        if (IsOpen)
            return Errno.EBUSY;
        (IsOpen, _holder) = (true, process);
        return Errno.None;
    }

    public override void Close()
    {
        if (!shared)
        {
            IsOpen = false;
            Closed?.Invoke();
        }
    }

    public override byte[] Read() => [];

    public override void Write(byte[] data, int process, Ending end) => end(Errno.EINVAL);
}
