using System.Reflection;
using System.Runtime.InteropServices;

namespace LibvirtMdevHook.Simulator.Fuse;

/// <summary>The functions of libfuse 3's low-level interface that a server of a few nodes needs.</summary>
internal static unsafe partial class LibFuse
{
    private const string Name = "libfuse3";
    private static readonly string[] Sonames = ["libfuse3.so.3", "libfuse3.so.4"];

    /// <summary>Loads the library by the name that it has on this system.</summary>
    /// <returns>False when it is not installed.</returns>
    public static bool Load()
    {
        nint library = 0;
        if (!Sonames.Any(soname => NativeLibrary.TryLoad(soname, out library)))
            return false;
        NativeLibrary.SetDllImportResolver(Assembly.GetExecutingAssembly(), (name, _, _) => name == Name ? library : 0);
        return true;
    }

    [LibraryImport(Name, EntryPoint = "fuse_session_new")]
    public static partial nint SessionNew(Arguments* arguments, nint* operations, nuint size, nint data);

    [LibraryImport(Name, EntryPoint = "fuse_session_mount", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SessionMount(nint session, string mountPoint);

    [LibraryImport(Name, EntryPoint = "fuse_session_loop")]
    public static partial int SessionLoop(nint session);

    [LibraryImport(Name, EntryPoint = "fuse_session_unmount")]
    public static partial void SessionUnmount(nint session);

    [LibraryImport(Name, EntryPoint = "fuse_session_destroy")]
    public static partial void SessionDestroy(nint session);

    [LibraryImport(Name, EntryPoint = "fuse_req_ctx")]
    public static partial Context* RequestContext(nint request);

    [LibraryImport(Name, EntryPoint = "fuse_reply_none")]
    public static partial void ReplyNone(nint request);

    [LibraryImport(Name, EntryPoint = "fuse_reply_err")]
    public static partial int ReplyError(nint request, int errno);

    [LibraryImport(Name, EntryPoint = "fuse_reply_entry")]
    public static partial int ReplyEntry(nint request, byte* entry);

    [LibraryImport(Name, EntryPoint = "fuse_reply_attr")]
    public static partial int ReplyAttributes(nint request, byte* stat, double timeout);

    [LibraryImport(Name, EntryPoint = "fuse_reply_readlink")]
    public static partial int ReplyLink(nint request, byte* target);

    [LibraryImport(Name, EntryPoint = "fuse_reply_open")]
    public static partial int ReplyOpen(nint request, OpenFile* file);

    [LibraryImport(Name, EntryPoint = "fuse_reply_write")]
    public static partial int ReplyWritten(nint request, nuint count);

    [LibraryImport(Name, EntryPoint = "fuse_reply_buf")]
    public static partial int ReplyData(nint request, byte* data, nuint size);

    [LibraryImport(Name, EntryPoint = "fuse_add_direntry")]
    public static partial nuint AddEntry(nint request, byte* buffer, nuint size, byte* name, byte* stat, long offset);

    /// <summary>struct fuse_args.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Arguments
    {
        public int Count;
        public byte** Values;
        public int Allocated;
    }

    /// <summary>struct fuse_ctx: the caller; the number is a thread's.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Context
    {
        public uint Uid;
        public uint Gid;
        public int Thread;
        public uint Umask;
    }

    /// <summary>struct fuse_file_info: flags, bits (1 is direct_io), the server's own handle.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 64)]
    public struct OpenFile
    {
        [FieldOffset(0)]
        public int Flags;

        [FieldOffset(4)]
        public uint Bits;

        [FieldOffset(16)]
        public ulong Handle;
    }
}
