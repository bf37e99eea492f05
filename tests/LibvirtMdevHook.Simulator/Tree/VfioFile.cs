namespace LibvirtMdevHook.Simulator.Tree;

/// <summary>A file below /dev/vfio. A group's opens for one at a time, and tells when it was closed.</summary>
internal sealed class VfioFile(bool shared) : TreeFile(shared ? 0x1B6u : 0x180u)
{
    public event Action? Closed;

    public bool IsOpen { get; private set; }

    /// <summary>Who has it open, or had last.</summary>
    public int Opener { get; private set; }

    public override bool Readable => true;

    public override bool Writable => true;

    public override bool Logged => false;

    public override Errno Open(int process)
    {
        if (shared)
        {
            return Errno.None;
        }

        if (IsOpen)
        {
            return Errno.EBUSY;
        }

        IsOpen = true;
        Opener = process;
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
