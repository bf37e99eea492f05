using System.Buffers.Binary;
using System.Runtime.InteropServices;
using LibvirtMdevHook.Simulator.Tree;

namespace LibvirtMdevHook.Simulator.Fuse;

/// <summary>Writes a node as the C library's struct stat, whose layout differs by processor, and as libfuse's fuse_entry_param.</summary>
internal static class NodeStat
{
    /// <summary>Enough for the larger of the two structures on every processor.</summary>
    public const int EntrySize = 176;

    private const double Forever = 1e6;

    private static readonly bool X64 = RuntimeInformation.ProcessArchitecture == Architecture.X64;

    private static readonly int Length = X64 ? 144 : 128;

    // A node that comes and goes is looked up each time; a permanent one need not be.
    public static double Timeout(Node node) => node is { Permanent: true, Gone: false } ? Forever : 0;

    public static void Write(Node node, Span<byte> stat)
    {
        stat[..Length].Clear();
        var links = node is Folder ? 2u : 1u;
        BinaryPrimitives.WriteUInt64LittleEndian(stat[8..], node.Inode);
        BinaryPrimitives.WriteUInt32LittleEndian(stat[(X64 ? 16 : 20)..], links);
        BinaryPrimitives.WriteUInt32LittleEndian(stat[(X64 ? 24 : 16)..], node.Kind | node.Permissions);
        BinaryPrimitives.WriteUInt32LittleEndian(stat[(X64 ? 28 : 24)..], node.Uid);
        BinaryPrimitives.WriteUInt32LittleEndian(stat[(X64 ? 32 : 28)..], node.Gid);
        BinaryPrimitives.WriteInt64LittleEndian(stat[48..], node.Size);
        BinaryPrimitives.WriteInt32LittleEndian(stat[56..], 4096);
    }

    public static void WriteEntry(ulong id, Node node, Span<byte> entry)
    {
        entry.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(entry, id);
        Write(node, entry[16..]);
        BinaryPrimitives.WriteDoubleLittleEndian(entry[(16 + Length)..], Timeout(node));
        BinaryPrimitives.WriteDoubleLittleEndian(entry[(24 + Length)..], Timeout(node));
    }

    /// <summary>The owner and mode that chown and chmod pass.</summary>
    public static (uint Mode, uint Uid, uint Gid) ReadOwner(ReadOnlySpan<byte> stat) => (
        BinaryPrimitives.ReadUInt32LittleEndian(stat[(X64 ? 24 : 16)..]),
        BinaryPrimitives.ReadUInt32LittleEndian(stat[(X64 ? 28 : 24)..]),
        BinaryPrimitives.ReadUInt32LittleEndian(stat[(X64 ? 32 : 28)..]));
}
