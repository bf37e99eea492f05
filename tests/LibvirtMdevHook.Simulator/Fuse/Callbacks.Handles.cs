using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using LibvirtMdevHook.Simulator.Tree;

namespace LibvirtMdevHook.Simulator.Fuse;

/// <content>The callbacks for open files and folders.</content>
internal static unsafe partial class Callbacks
{
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Open(nint request, ulong id, LibFuse.OpenFile* file)
    {
        const int AccessMode = 3, ReadOnly = 0, WriteOnly = 1;
        var access = file->Flags & AccessMode;
        Answer(request, () =>
        {
            if (_requests.Known.Find(id) is TreeFile node)
            {
                var (read, write) = (access != WriteOnly, access != ReadOnly);
                _requests.Open(node, read, write, Caller.Of(request), (errno, handle) => ReplyOpen(request, errno, handle));
            }
            else
            {
                Fail(request, Errno.ENOENT);
            }
        });
    }

    private static void ReplyOpen(nint request, Errno errno, ulong handle)
    {
        const uint DirectIo = 2;
        if (errno != Errno.None)
        {
            Fail(request, errno);
            return;
        }

        // The kernel releases only a handle that it still wanted when the answer came.
        var file = new LibFuse.OpenFile { Bits = DirectIo, Handle = handle };
        if (LibFuse.ReplyOpen(request, &file) != 0)
            _requests.Close(handle);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Read(nint request, ulong id, nuint size, long offset, LibFuse.OpenFile* file) => Answer(request, () =>
        _requests.Read(file->Handle, offset, Caller.UserOf(request), (errno, content) =>
        {
            if (errno != Errno.None)
            {
                Fail(request, errno);
                return;
            }

            var from = (int)Math.Min(offset, content.Length);
            fixed (byte* data = content)
                _ = LibFuse.ReplyData(request, data + from, Math.Min((nuint)(content.Length - from), size));
        }));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Write(nint request, ulong id, byte* text, nuint size, long offset, LibFuse.OpenFile* file) => Answer(request, () =>
    {
        var data = new ReadOnlySpan<byte>(text, (int)size).ToArray();
        _requests.Write(file->Handle, data, Caller.Of(request), (errno, count) =>
        {
            if (errno == Errno.None)
                _ = LibFuse.ReplyWritten(request, (nuint)count);
            else
                Fail(request, errno);
        });
    });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Close(nint request, ulong id, LibFuse.OpenFile* file) => Answer(request, () =>
    {
        _requests.Close(file->Handle);
        Fail(request, Errno.None);
    });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OpenFolder(nint request, ulong id, LibFuse.OpenFile* file) => Answer(request, () =>
    {
        if (_requests.Known.Find(id) is Folder { Gone: false } folder)
        {
            var opened = new LibFuse.OpenFile { Handle = _requests.OpenFolder(folder) };
            _ = LibFuse.ReplyOpen(request, &opened);
        }
        else
        {
            Fail(request, Errno.ENOENT);
        }
    });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void ReadFolder(nint request, ulong id, nuint size, long offset, LibFuse.OpenFile* file) => Answer(request, () =>
    {
        var entries = _requests.HandleOf(file->Handle).Entries;
        var (buffer, used) = (new byte[size], (nuint)0);
        var stat = stackalloc byte[NodeStat.EntrySize];
        fixed (byte* start = buffer)
        {
            for (var i = (int)offset; i < entries.Count; i++)
            {
                NodeStat.Write(entries[i], new Span<byte>(stat, NodeStat.EntrySize));
                fixed (byte* name = Encoding.UTF8.GetBytes((i switch { 0 => ".", 1 => "..", _ => entries[i].Name }) + "\0"))
                {
                    var needed = LibFuse.AddEntry(request, start + used, size - used, name, stat, i + 1);
                    if (needed > size - used)
                        break;
                    used += needed;
                }
            }

            _ = LibFuse.ReplyData(request, start, used);
        }
    });
}
