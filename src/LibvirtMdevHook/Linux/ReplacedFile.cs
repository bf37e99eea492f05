using System.Text;

namespace LibvirtMdevHook.Linux;

/// <summary>A file that takes the place of another of its name when it is whole.</summary>
internal static class ReplacedFile
{
    /// <exception cref="IOException">It cannot be written; what was there before still is.</exception>
    public static void Write(string path, string text)
    {
        var name = path[(path.LastIndexOf('/') + 1)..];
        // Hidden, and of this process: nobody takes it for the file, nor another run for its own.
        var beside = $"{path[..^name.Length]}.{name}.{Environment.ProcessId}";
        Libc.unlink(beside);
        var error = WriteNew(beside, Encoding.UTF8.GetBytes(text));
        if (error.IsNone && Libc.rename(beside, path) != 0)
            error = Errno.Last();
        if (error.IsNone)
            return;
        Libc.unlink(beside);
        throw new IOException($"cannot write '{path}': {error}");
    }

    private static Errno WriteNew(string path, byte[] bytes)
    {
        using var file = Descriptor.Open(path, Libc.O_WRONLY | Libc.O_CREAT | Libc.O_EXCL, out var error, mode: 0x1a4);
        return file?.Write(bytes) ?? error;
    }
}
