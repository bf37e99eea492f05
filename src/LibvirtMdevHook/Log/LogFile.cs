using System.Text;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Log;

/// <summary>
/// The log file. Each line is appended by one write(2) to a file opened with O_APPEND, so that the lines of several processes neither tear
/// nor get lost; NLog's own file target writes at an offset of its own.
/// </summary>
internal static class LogFile
{
    private const uint OwnerAndGroup = 0x1a0;

    /// <summary>Appends a line. A file that cannot be written is no error: a log never stops the work.</summary>
    /// <param name="level">As it stands in the line: Info, Warn or Error.</param>
    /// <param name="message">One line, without its end.</param>
    public static void Append(HostPath file, DateTime time, string level, string message)
    {
        // Opening a fifo that nobody reads would wait without O_NONBLOCK.
        const int flags = Libc.O_WRONLY | Libc.O_APPEND | Libc.O_CREAT | Libc.O_NONBLOCK;
        using var log = Descriptor.Open(file.Text, flags | Libc.O_NOFOLLOW, out _, OwnerAndGroup);
        log?.Write(Encoding.UTF8.GetBytes($"{time.ToUniversalTime():yyyy-MM-ddTHH:mm:ss.fffZ} {level,-5} {message}\n"));
    }
}
