using System.Text;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Log;

/// <summary>
/// The log file. Each line is appended by one write(2) with O_APPEND, so that no line of several
/// processes is torn or lost. NLog's own file target is not used, as it writes at an offset that it
/// keeps itself.
/// </summary>
internal static class LogFile
{
    private const uint OwnerAndGroup = 0x1a0;

    /// <summary>
    /// Appends a line. A file that cannot be written is no error: a log never stops the work.
    /// </summary>
    /// <param name="level">The level as the line has it: Info, Warn or Error.</param>
    /// <param name="message">One line, without the line end.</param>
    public static void Append(HostPath file, DateTime time, string level, string message)
    {
        // Without O_NONBLOCK, opening a fifo without a reader would wait for one.
        const int flags = Libc.O_WRONLY | Libc.O_APPEND | Libc.O_CREAT | Libc.O_NONBLOCK;
        using var log = Descriptor.Open(file.Text, flags | Libc.O_NOFOLLOW, out _, OwnerAndGroup);
        log?.Write(Encoding.UTF8.GetBytes($"{time.ToUniversalTime():yyyy-MM-ddTHH:mm:ss.fffZ} {level,-5} {message}\n"));
    }
}
