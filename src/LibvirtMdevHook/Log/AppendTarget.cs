using System.Text;
using LibvirtMdevHook.Linux;
using NLog;
using NLog.Targets;

namespace LibvirtMdevHook.Log;

/// <summary>
/// Appends each line by one write(2) to a file opened with O_APPEND, so that the lines of several processes neither tear nor get lost.
/// NLog's own file target writes at an offset of its own.
/// </summary>
internal sealed class AppendTarget(HostPath file) : Target
{
    private const uint OwnerAndGroup = 0x1a0;

    protected override void Write(LogEventInfo logEvent)
    {
        // Of a fifo that nobody reads, opening would wait.
        const int flags = Libc.O_WRONLY | Libc.O_APPEND | Libc.O_CREAT | Libc.O_NONBLOCK;
        using var log = Descriptor.Open(file.Text, flags | Libc.O_NOFOLLOW, out _, OwnerAndGroup);
        var time = logEvent.TimeStamp.ToUniversalTime();
        log?.Write(Encoding.UTF8.GetBytes($"{time:yyyy-MM-ddTHH:mm:ss.fffZ} {logEvent.Level,-5} {logEvent.FormattedMessage}\n"));
    }
}
