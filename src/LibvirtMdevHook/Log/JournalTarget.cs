using System.Text;
using LibvirtMdevHook.Linux;
using NLog;
using NLog.Targets;

namespace LibvirtMdevHook.Log;

/// <summary>Sends each line as a datagram to journald (systemd's "Native Journal Protocol"); one that is not taken is dropped.</summary>
internal sealed class JournalTarget(HostPath socketPath) : Target
{
    protected override unsafe void Write(LogEventInfo logEvent)
    {
        using var socket = Descriptor.Own(Libc.socket(Libc.AF_UNIX, Libc.SOCK_DGRAM | Libc.SOCK_CLOEXEC, 0));
        var path = Encoding.UTF8.GetBytes(socketPath.Text);
        if (socket.IsInvalid || path.Length > 107)
            return;
        // struct sockaddr_un: the family in two bytes, then the path.
        var address = new byte[2 + path.Length + 1];
        address[0] = Libc.AF_UNIX;
        path.CopyTo(address, 2);
        var message = Encoding.UTF8.GetBytes(
            $"MESSAGE={logEvent.FormattedMessage}\nPRIORITY={Priority(logEvent.Level)}\nSYSLOG_IDENTIFIER=libvirt-mdev-hook\n");
        fixed (byte* bytes = message, to = address)
            Libc.sendto(socket.Number, bytes, (nuint)message.Length, Libc.MSG_DONTWAIT | Libc.MSG_NOSIGNAL, to, (uint)address.Length);
    }

    /// <summary>syslog(3)'s numbers.</summary>
    private static int Priority(LogLevel level) =>
        level >= LogLevel.Error ? 3 : level == LogLevel.Warn ? 4 : level == LogLevel.Info ? 6 : 7;
}
