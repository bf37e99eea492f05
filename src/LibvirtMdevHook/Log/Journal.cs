using System.Text;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Log;

/// <summary>
/// journald, which takes each line as a datagram (systemd's "Native Journal Protocol"). A line that
/// it does not take is dropped.
/// </summary>
internal static class Journal
{
    /// <summary>The priority of an error in syslog(3).</summary>
    public const int Error = 3;

    /// <summary>
    /// The room for a path in struct sockaddr_un, without the NUL at its end (unix(7)).
    /// </summary>
    private const int MaximumPath = 107;

    /// <param name="priority">A priority of syslog(3), 0 to 7.</param>
    /// <param name="message">One line, without the line end.</param>
    public static unsafe void Send(HostPath socketPath, int priority, string message)
    {
        using var socket = Descriptor.Own(Libc.socket(Libc.AF_UNIX, Libc.SOCK_DGRAM | Libc.SOCK_CLOEXEC, 0));
        var path = Encoding.UTF8.GetBytes(socketPath.Text);
        if (socket.IsInvalid || path.Length > MaximumPath)
            return;
        // struct sockaddr_un has the family in two bytes, then the path with a NUL at its end.
        var address = new byte[2 + path.Length + 1];
        address[0] = Libc.AF_UNIX;
        path.CopyTo(address, 2);
        var datagram = Encoding.UTF8.GetBytes($"MESSAGE={message}\nPRIORITY={priority}\nSYSLOG_IDENTIFIER=libvirt-mdev-hook\n");
        fixed (byte* bytes = datagram, to = address)
            Libc.sendto(socket.Number, bytes, (nuint)datagram.Length, Libc.MSG_DONTWAIT | Libc.MSG_NOSIGNAL, to, (uint)address.Length);
    }
}
