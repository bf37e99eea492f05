using System.Text;

namespace LibvirtMdevHook.Simulator.Tree;

/// <summary>The end of a write, now or later.</summary>
internal delegate void Ending(Errno errno);

/// <summary>A file that can be opened.</summary>
internal abstract class TreeFile(uint permissions) : Node(0x8000, permissions)
{
    /// <summary>No process, or an unknown one.</summary>
    public const int NoProcess = 0;

    public abstract bool Readable { get; }

    public abstract bool Writable { get; }

    /// <summary>Writes to it are commands, which are logged.</summary>
    public virtual bool Logged => true;

    public virtual Errno Open(int process) => Errno.None;

    public virtual void Close()
    {
    }

    public abstract byte[] Read();

    /// <summary>Executes the write of a process and calls <paramref name="end"/>, perhaps long after this has returned.</summary>
    public abstract void Write(byte[] data, int process, Ending end);

    /// <summary>Bytes as text, one character for each.</summary>
    protected static string TextOf(byte[] data) => Encoding.Latin1.GetString(data);
}
