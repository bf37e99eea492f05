using System.Text;

namespace LibvirtMdevHook.Simulator.Tree;

/// <summary>What a write ends with, at once or later.</summary>
internal delegate void Ending(Errno errno);

/// <summary>A file that can be opened.</summary>
internal abstract class TreeFile(uint permissions) : Node(0x8000, permissions)
{
    public abstract bool Readable { get; }

    public abstract bool Writable { get; }

    /// <summary>Writes to it are commands and belong into the log.</summary>
    public virtual bool Logged => true;

    /// <param name="process">Who opens it.</param>
    public virtual Errno Open(int process) => Errno.None;

    public virtual void Close()
    {
    }

    public abstract byte[] Read();

    /// <summary>Does what the write asks for and calls <paramref name="end"/>, which may be long after this returned.</summary>
    public abstract void Write(byte[] data, int process, Ending end);

    /// <summary>Bytes as text, one character for each.</summary>
    protected static string TextOf(byte[] data) => Encoding.Latin1.GetString(data);
}
