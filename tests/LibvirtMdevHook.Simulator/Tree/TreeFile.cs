using System.Text;

namespace LibvirtMdevHook.Simulator.Tree;

/// <summary>What a write ends with, at once or later.</summary>
internal delegate void Ending(Errno errno);

/// <summary>A file that can be opened.</summary>
internal abstract class TreeFile(uint permissions) : Node(0x8000, permissions)
{
    /// <summary>No process, or one that is not known.</summary>
    public const int Nobody = 0;

    public abstract bool Readable { get; }

    public abstract bool Writable { get; }

    /// <summary>Writes to it are commands and belong into the log.</summary>
    public virtual bool Logged => true;

    public virtual Errno Open(int process) => Errno.None;

    public virtual void Close()
    {
    }

    public abstract byte[] Read();

    /// <summary>Does what the write of a process asks for and calls <paramref name="end"/>, maybe long after this returned.</summary>
    public abstract void Write(byte[] data, int process, Ending end);

    /// <summary>Bytes as text, one character for each.</summary>
    protected static string TextOf(byte[] data) => Encoding.Latin1.GetString(data);
}
