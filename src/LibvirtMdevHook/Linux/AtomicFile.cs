using System.Text;

namespace LibvirtMdevHook.Linux;

/// <summary>A file that takes the place of another of its name when it is whole.</summary>
internal static class AtomicFile
{
    /// <exception cref="IOException">It cannot be written; what was there before still is.</exception>
    public static void Write(string path, string text)
    {
        // Who names a node, a pipe or a link does not mean it to be replaced.
        if (FileStatus.OfLink(new HostPath(path), out _) is { IsRegular: false })
            throw new IOException($"'{path}' is no regular file, so it is left as it is; name a file, or one that does not exist yet");
        var name = path[(path.LastIndexOf('/') + 1)..];
        // Hidden, and of this process: nobody takes it for the file, nor another run for its own.
        var error = Write(path, $"{path[..^name.Length]}.{name}.{Environment.ProcessId}", Encoding.UTF8.GetBytes(text));
        if (!error.IsNone)
            throw new IOException($"cannot write '{path}': {error.InWords}");
    }

    /// <param name="beside">Where it is written first, in the same folder; what is left there by a process that was killed goes.</param>
    /// <returns>With an error what was there before still is, and nothing beside it.</returns>
    public static Errno Write(string path, string beside, byte[] bytes)
    {
        Libc.unlink(beside);
        var error = WriteNew(beside, bytes);
        if (error.IsNone && Libc.rename(beside, path) != 0)
            error = Errno.Last();
        if (!error.IsNone)
            Libc.unlink(beside);
        return error;
    }

    private static Errno WriteNew(string path, byte[] bytes)
    {
        using var file = Descriptor.Open(path, Libc.O_WRONLY | Libc.O_CREAT | Libc.O_EXCL, out var error, mode: 0x1a4);
        return file?.Write(bytes) ?? error;
    }
}
