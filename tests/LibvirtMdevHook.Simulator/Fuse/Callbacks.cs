using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using LibvirtMdevHook.Simulator.Tree;

namespace LibvirtMdevHook.Simulator.Fuse;

/// <summary>The functions that libfuse calls. No exception leaves a callback: the request is answered with EIO instead.</summary>
internal static unsafe partial class Callbacks
{
    private static Requests _requests = null!;
    private static Gate _gate = null!;

    /// <summary>Fills struct fuse_lowlevel_ops; the numbers are the positions of its members.</summary>
    public static void Fill(nint* operations, Requests served, Gate around)
    {
        _requests = served;
        _gate = around;
        operations[2] = (nint)(delegate* unmanaged[Cdecl]<nint, ulong, byte*, void>)&LookUp;
        operations[3] = (nint)(delegate* unmanaged[Cdecl]<nint, ulong, ulong, void>)&Forget;
        operations[4] = (nint)(delegate* unmanaged[Cdecl]<nint, ulong, LibFuse.OpenFile*, void>)&GetAttributes;
        operations[5] = (nint)(delegate* unmanaged[Cdecl]<nint, ulong, byte*, int, LibFuse.OpenFile*, void>)&SetAttributes;
        operations[6] = (nint)(delegate* unmanaged[Cdecl]<nint, ulong, void>)&ReadLink;
        operations[7] = (nint)(delegate* unmanaged[Cdecl]<nint, ulong, byte*, uint, ulong, void>)&MakeNode;
        operations[8] = (nint)(delegate* unmanaged[Cdecl]<nint, ulong, byte*, uint, void>)&MakeFolder;
        operations[9] = operations[10] = (nint)(delegate* unmanaged[Cdecl]<nint, ulong, byte*, void>)&Delete;
        operations[14] = (nint)(delegate* unmanaged[Cdecl]<nint, ulong, LibFuse.OpenFile*, void>)&Open;
        operations[15] = (nint)(delegate* unmanaged[Cdecl]<nint, ulong, nuint, long, LibFuse.OpenFile*, void>)&Read;
        operations[16] = (nint)(delegate* unmanaged[Cdecl]<nint, ulong, byte*, nuint, long, LibFuse.OpenFile*, void>)&Write;
        operations[18] = operations[22] = (nint)(delegate* unmanaged[Cdecl]<nint, ulong, LibFuse.OpenFile*, void>)&Close;
        operations[20] = (nint)(delegate* unmanaged[Cdecl]<nint, ulong, LibFuse.OpenFile*, void>)&OpenFolder;
        operations[21] = (nint)(delegate* unmanaged[Cdecl]<nint, ulong, nuint, long, LibFuse.OpenFile*, void>)&ReadFolder;
        operations[30] = (nint)(delegate* unmanaged[Cdecl]<nint, ulong, byte*, uint, LibFuse.OpenFile*, void>)&Create;
    }

    private static void Answer(nint request, Action step)
    {
        if (!_gate.Enter(step))
            Fail(request, Errno.EIO);
    }

    private static void Fail(nint request, Errno errno) => _ = LibFuse.ReplyError(request, (int)errno);

    private static string Text(byte* text) => Marshal.PtrToStringUTF8((nint)text)!;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void LookUp(nint request, ulong parent, byte* name) => Answer(request, () =>
    {
        if (_requests.Known.LookUp(parent, Text(name)) is not var (id, node))
        {
            Fail(request, Errno.ENOENT);
            return;
        }

        var entry = stackalloc byte[NodeStat.EntrySize];
        NodeStat.WriteEntry(id, node, new Span<byte>(entry, NodeStat.EntrySize));
        _ = LibFuse.ReplyEntry(request, entry);
    });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Forget(nint request, ulong id, ulong lookups)
    {
        _gate.Enter(() => _requests.Known.Forget(id, lookups));
        LibFuse.ReplyNone(request);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void GetAttributes(nint request, ulong id, LibFuse.OpenFile* file) => Answer(request, () => ReplyStat(request, id));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void SetAttributes(nint request, ulong id, byte* stat, int which, LibFuse.OpenFile* file) => Answer(request, () =>
    {
        const int Mode = 1, Uid = 2, Gid = 4;
        if (_requests.Known.Find(id) is { } node)
        {
            var (mode, uid, gid) = NodeStat.ReadOwner(new ReadOnlySpan<byte>(stat, NodeStat.EntrySize));
            node.Permissions = (which & Mode) != 0 ? mode & 0xFFF : node.Permissions;
            node.Uid = (which & Uid) != 0 ? uid : node.Uid;
            node.Gid = (which & Gid) != 0 ? gid : node.Gid;
        }

        ReplyStat(request, id);
    });

    private static void ReplyStat(nint request, ulong id)
    {
        if (_requests.Known.Find(id) is not { } node)
        {
            Fail(request, Errno.ENOENT);
            return;
        }

        var stat = stackalloc byte[NodeStat.EntrySize];
        NodeStat.Write(node, new Span<byte>(stat, NodeStat.EntrySize));
        _ = LibFuse.ReplyAttributes(request, stat, NodeStat.Timeout(node));
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void ReadLink(nint request, ulong id) => Answer(request, () =>
    {
        if (_requests.Known.Find(id) is not Link link)
        {
            Fail(request, Errno.EINVAL);
            return;
        }

        fixed (byte* target = Encoding.UTF8.GetBytes(link.Target + "\0"))
            _ = LibFuse.ReplyLink(request, target);
    });

    // A file system without ->create answers EACCES, and sysfs refuses the rest with EPERM.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Create(nint request, ulong parent, byte* name, uint mode, LibFuse.OpenFile* file) => Fail(request, Errno.EACCES);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void MakeNode(nint request, ulong parent, byte* name, uint mode, ulong device) => Fail(request, Errno.EPERM);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void MakeFolder(nint request, ulong parent, byte* name, uint mode) => Fail(request, Errno.EPERM);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Delete(nint request, ulong parent, byte* name) => Fail(request, Errno.EPERM);
}
