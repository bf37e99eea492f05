using System.Text;

namespace LibvirtMdevHook.Linux;

/// <summary>
/// Writes a file under another name first, and renames it when it is complete: a reader sees the
/// old text or the new one.
/// </summary>
internal static class AtomicFile
{
    private const uint ReadableByAll = 0x1a4;

    /// <exception cref="IOException">
    /// The file cannot be written; what was there before is still there.
    /// </exception>
    public static void Write(string path, string text)
    {
        // Someone who names a device node, a pipe or a link does not ask for it to be replaced by a
        // file.
        if (FileStatus.OfLink(new HostPath(path), out _) is { IsRegular: false })
            throw new HostException($"'{path}' is no regular file, so it is left as it is", "name a file, or one that does not exist yet");
        var name = path[(path.LastIndexOf('/') + 1)..];
        var folder = path[..^name.Length];
        // A hidden name with the id of this process: no program takes it for the file, and no other
        // run of this program for its own.
        var error = Write(path, $"{folder}.{name}.{Environment.ProcessId}", Encoding.UTF8.GetBytes(text));
        if (!error.IsNone)
            throw new HostException($"cannot write '{path}'", error);
    }

    /// <param name="beside">
    /// The name to write under, in the same folder. A file of that name, which a killed process may
    /// have left, is deleted first.
    /// </param>
    /// <returns>On an error the old file is still there, and nothing is left beside it.</returns>
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
        using var file = Descriptor.Open(path, Libc.O_WRONLY | Libc.O_CREAT | Libc.O_EXCL, out var error, ReadableByAll);
        return file?.Write(bytes) ?? error;
    }
}
