using System.Text;

namespace LibvirtMdevHook.Linux;

/// <summary>
/// Reads and writes attributes the way a shell would: open what exists, one write(2) of the exact bytes. .NET's own file methods create,
/// truncate, lock, and hide the errno.
/// </summary>
internal static class HostFile
{
    private const int MaximumText = 1 << 20;

    /// <summary>Writes the text to an existing attribute, which may not be a link.</summary>
    public static Errno Write(HostPath attribute, string text)
    {
        using var file = Descriptor.Open(attribute.Text, Libc.O_WRONLY | Libc.O_NOFOLLOW, out var error);
        return file?.Write(Encoding.UTF8.GetBytes(text)) ?? error;
    }

    /// <returns>The whole text of the attribute, which may not be a link, at most 1 MiB; null when it cannot be read.</returns>
    public static string? Read(HostPath attribute, out Errno error) => Read(attribute, Libc.O_NOFOLLOW, out error);

    /// <returns>The same of a file that may be a link to where its administrator keeps it.</returns>
    public static string? ReadLinked(HostPath file, out Errno error) => Read(file, 0, out error);

    /// <summary>A fifo in place of a file is empty: whoever put it there, nobody waits for it.</summary>
    private static string? Read(HostPath attribute, int flags, out Errno error)
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
            if (count < 0)
                return null;
            length += count;
            if (count == 0 || length >= MaximumText)
                return Encoding.UTF8.GetString(text, 0, Math.Min(length, MaximumText));
        }
    }

    /// <returns>The text without surrounding white space; null when the attribute cannot be read.</returns>
    public static string? ReadTrimmed(HostPath attribute) => Read(attribute, out _)?.Trim();

    /// <returns>Where the link points, as it is written; null when there is no such link.</returns>
    /// <exception cref="IOException">The kernel does not say: whoever takes it for gone forgets a device.</exception>
    public static string? LinkTarget(HostPath link) => LinkTarget(link, out var error) is { } target ? target
        : error.IsAbsent || error == Errno.EINVAL ? null
        : throw new IOException($"cannot read the link '{link}': {error.InWords}");

    /// <returns>The same; null also when it cannot be told, and EINVAL for what is no link.</returns>
    public static unsafe string? LinkTarget(HostPath link, out Errno error)
    {
        var buffer = stackalloc byte[4096];
        var length = (int)Libc.readlink(link.Text, buffer, 4096);
        error = length < 0 ? Errno.Last() : Errno.None;
        return length < 0 ? null : Encoding.UTF8.GetString(buffer, length);
    }

    /// <returns>The last name of where the link points, such as the type id of a <c>mdev_type</c> link.</returns>
    /// <exception cref="IOException">The kernel does not say.</exception>
    public static SysfsName? LinkName(HostPath link) =>
        LinkTarget(link) is { } target && SysfsName.TryParse(target[(target.LastIndexOf('/') + 1)..], out var name) ? name : null;

    /// <returns>The names in a folder in byte order; none when it is not there or cannot be read.</returns>
    public static IReadOnlyList<SysfsName> List(HostPath folder)
    {
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
            return [];
        }

        names.Sort();
        return names;
    }
}
