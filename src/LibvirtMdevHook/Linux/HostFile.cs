using System.Text;

namespace LibvirtMdevHook.Linux;

/// <summary>
/// Reads and writes files of the kernel and of this program as a shell would: it opens what exists,
/// and writes the exact bytes by one write(2). .NET's own file methods create, truncate and lock
/// the file, and hide the errno.
/// </summary>
internal static class HostFile
{
    private const int MaximumText = 1 << 20;
    private const int MaximumTable = 1 << 26;

    /// <summary>Writes the text to an existing attribute, which must not be a link.</summary>
    public static Errno Write(HostPath attribute, string text)
    {
        using var file = Descriptor.Open(attribute.Text, Libc.O_WRONLY | Libc.O_NOFOLLOW, out var error);
        return file?.Write(Encoding.UTF8.GetBytes(text)) ?? error;
    }

    /// <param name="attribute">The file, which must not be a link.</param>
    /// <returns>The whole text, at most 1 MiB; null when it cannot be read.</returns>
    public static string? Read(HostPath attribute, out Errno error) => Read(attribute, Libc.O_NOFOLLOW, MaximumText, out error);

    /// <summary>
    /// Reads a table of the kernel's that other users can make long, such as /proc/locks.
    /// </summary>
    /// <returns>The whole text, at most 64 MiB; null when it cannot be read.</returns>
    public static string? ReadTable(HostPath table, out Errno error) => Read(table, Libc.O_NOFOLLOW, MaximumTable, out error);

    /// <param name="file">
    /// The file, which may be a link to where the administrator keeps it.
    /// </param>
    /// <returns>The whole text, at most 1 MiB; null when it cannot be read.</returns>
    public static string? ReadLinked(HostPath file, out Errno error) => Read(file, 0, MaximumText, out error);

    /// <summary>
    /// A fifo in place of a file reads as an empty text: opening it does not wait for a writer.
    /// </summary>
    private static string? Read(HostPath attribute, int flags, int maximum, out Errno error)
    {
        using var file = Descriptor.Open(attribute.Text, Libc.O_RDONLY | Libc.O_NONBLOCK | flags, out error);
        if (file is null)
            return null;
        var text = new byte[4096];
        var length = 0;
        while (true)
        {
            if (length == text.Length)
                Array.Resize(ref text, text.Length * 4);
            var count = file.Read(text.AsSpan(length), out error);
            ReadProgress.NoteAnswer();
            if (count < 0)
                return null;
            length += count;
            if (count == 0 || length >= maximum)
                return Encoding.UTF8.GetString(text, 0, Math.Min(length, maximum));
        }
    }

    /// <returns>
    /// The text without surrounding white space; null when the attribute cannot be read.
    /// </returns>
    public static string? ReadTrimmed(HostPath attribute) => Read(attribute, out _)?.Trim();

    /// <returns>
    /// The target of the link, as it is written; null when there is no such link.
    /// </returns>
    /// <exception cref="IOException">
    /// The link cannot be read for another reason. A caller that took it for deleted would forget a
    /// device.
    /// </exception>
    public static string? LinkTarget(HostPath link)
    {
        var target = LinkTarget(link, out var error);
        if (target is null && !error.IsAbsent && error != Errno.EINVAL)
            throw new HostException($"cannot read the link '{link}'", error);
        return target;
    }

    /// <returns>
    /// The target of the link, as it is written; null when there is no such file
    /// (<c>error.IsAbsent</c>), when the file is no link (EINVAL), or when it cannot be read (any
    /// other errno).
    /// </returns>
    public static unsafe string? LinkTarget(HostPath link, out Errno error)
    {
        var buffer = stackalloc byte[4096];
        var length = (int)Libc.readlink(link.Text, buffer, 4096);
        if (length < 0)
        {
            error = Errno.Last();
            return null;
        }

        error = Errno.None;
        return Encoding.UTF8.GetString(buffer, length);
    }

    /// <returns>
    /// The last name of the link's target, such as the type id of a <c>mdev_type</c> link; null
    /// when there is no such link.
    /// </returns>
    /// <exception cref="IOException">The link cannot be read for another reason.</exception>
    public static SysfsName? LinkName(HostPath link)
    {
        if (LinkTarget(link) is not { } target)
            return null;
        var last = target[(target.LastIndexOf('/') + 1)..];
        return SysfsName.TryParse(last, out var name) ? name : null;
    }

    /// <returns>
    /// The names in a folder in byte order; none when the folder does not exist or cannot be read.
    /// </returns>
    public static IReadOnlyList<SysfsName> List(HostPath folder) => List(folder, out _);

    /// <returns>The same, with the reason why there are none.</returns>
    public static IReadOnlyList<SysfsName> List(HostPath folder, out Errno error)
    {
        error = Errno.None;
        var names = new List<SysfsName>();
        try
        {
            foreach (var entry in Directory.EnumerateFileSystemEntries(folder.Text))
            {
                if (SysfsName.TryParse(Path.GetFileName(entry), out var name))
                    names.Add(name);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            error = ErrnoOf(e);
            return [];
        }

        names.Sort();
        return names;
    }

    /// <summary>
    /// .NET keeps the errno in an exception only where it has no exception of its own.
    /// </summary>
    private static Errno ErrnoOf(Exception e) => e switch
    {
        DirectoryNotFoundException or FileNotFoundException => Errno.ENOENT,
        UnauthorizedAccessException => Errno.EACCES,
        _ => (Errno)e.HResult,
    };
}
