using System.Runtime.InteropServices;
using System.Text;
using LibvirtMdevHook.Simulator.Tree;

namespace LibvirtMdevHook.SystemTests.Simulation;

/// <summary>A file through system calls: one open, one write, and the errno of each.</summary>
internal sealed partial class RawFile : IDisposable
{
    public const int ReadOnly = 0;
    public const int WriteOnly = 1;
    public const int ReadWrite = 2;
    private const int CloseOnExec = 0x80000;
    private readonly int _descriptor;

    private RawFile(int descriptor) => _descriptor = descriptor;

    public static RawFile Open(string path, int flags)
    {
        var errno = TryOpen(path, flags, out var file);
        return file ?? throw new IOException($"Cannot open '{path}': {errno}.");
    }

    public static Errno TryOpen(string path, int flags, out RawFile? file)
    {
        var descriptor = Open(path, flags | CloseOnExec, 0);
        file = descriptor < 0 ? null : new RawFile(descriptor);
        return descriptor < 0 ? LastErrno : Errno.None;
    }

    /// <summary>Opens to write, writes once, closes.</summary>
    public static Errno Write(string path, string text)
    {
        var errno = TryOpen(path, WriteOnly, out var file);
        using (file)
            return errno == Errno.None ? file!.Write(text) : errno;
    }

    public Errno Write(string text)
    {
        var bytes = Encoding.Latin1.GetBytes(text);
        var written = Write(_descriptor, bytes, (nuint)bytes.Length);
        if (written < 0)
            return LastErrno;
        return written == bytes.Length ? Errno.None : throw new IOException($"{written} of {bytes.Length} bytes were written.");
    }

    public Errno Read(out string text)
    {
        var bytes = new byte[4096];
        var count = Read(_descriptor, bytes, (nuint)bytes.Length);
        text = count < 0 ? "" : Encoding.Latin1.GetString(bytes, 0, (int)count);
        return count < 0 ? LastErrno : Errno.None;
    }

    public void Dispose() => _ = Close(_descriptor);

    private static Errno LastErrno => (Errno)Marshal.GetLastPInvokeError();

    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, uint mode);

    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(int descriptor, byte[] data, nuint size);

    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(int descriptor, [Out] byte[] data, nuint size);

    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
