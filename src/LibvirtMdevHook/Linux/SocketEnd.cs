namespace LibvirtMdevHook.Linux;

/// <summary>
/// One end of a connected pair of Unix stream sockets. Each wait ends at a deadline.
/// </summary>
internal sealed unsafe class SocketEnd : IDisposable
{
    private readonly Descriptor _socket;

    private SocketEnd(Descriptor socket) => _socket = socket;

    public int Number => _socket.Number;

    /// <summary>
    /// No process has the other end open any more (poll(2) reports POLLHUP), so an answer would not
    /// be read.
    /// </summary>
    public bool OtherEndGone => (Poll(0, 0) & (Libc.POLLHUP | Libc.POLLERR)) != 0;

    /// <exception cref="IOException">The kernel gives no pair of sockets.</exception>
    public static (SocketEnd Ours, SocketEnd Theirs) Pair()
    {
        var pair = stackalloc int[2];
        if (Libc.socketpair(Libc.AF_UNIX, Libc.SOCK_STREAM | Libc.SOCK_CLOEXEC, 0, pair) != 0)
            throw new IOException($"cannot make a pair of sockets: {Errno.Last().InWords}");
        return (Own(pair[0]), Own(pair[1]));
    }

    public static SocketEnd Own(int fd) => new(Descriptor.Own(fd));

    /// <returns>False when the deadline has passed or the other end is closed.</returns>
    public bool SendAll(ReadOnlySpan<byte> bytes, Deadline deadline)
    {
        fixed (byte* start = bytes)
        {
            for (var sent = 0; sent < bytes.Length;)
            {
                var count = (int)Libc.send(Number, start + sent, (nuint)(bytes.Length - sent), Libc.MSG_DONTWAIT | Libc.MSG_NOSIGNAL);
                if (count > 0)
                    sent += count;
                else if (!MayTryAgain(Errno.Last(), Libc.POLLOUT, deadline))
                    return false;
            }
        }

        return true;
    }

    /// <summary>Reads until the buffer is full.</summary>
    /// <returns>
    /// How many bytes arrived before the end of the stream, the deadline or an error.
    /// </returns>
    public int Receive(Span<byte> into, Deadline deadline)
    {
        var received = 0;
        fixed (byte* start = into)
        {
            while (received < into.Length)
            {
                var count = (int)Libc.recv(Number, start + received, (nuint)(into.Length - received), Libc.MSG_DONTWAIT);
                if (count == 0)
                    break;
                if (count > 0)
                    received += count;
                else if (!MayTryAgain(Errno.Last(), Libc.POLLIN, deadline))
                    break;
            }
        }

        return received;
    }

    /// <summary>
    /// Waits until the other end is closed. A socket that is closed with unread data resets its
    /// peer (unix(7)), which shows whether the other end has read everything.
    /// </summary>
    /// <returns>
    /// False when data was left unread, or the deadline has passed. True also when another error
    /// hides that: an answer that was read is in use, and one that was not read is undone when its
    /// domain ends.
    /// </returns>
    public bool WasReadToTheEnd(Deadline deadline)
    {
        var buffer = stackalloc byte[1];
        while (true)
        {
            if (Libc.recv(Number, buffer, 1, Libc.MSG_DONTWAIT) == 0)
                return true;
            var error = Errno.Last();
            if (!MayTryAgain(error, Libc.POLLIN, deadline))
                return error != Errno.ECONNRESET && error != Errno.EAGAIN;
        }
    }

    public void Dispose() => _socket.Dispose();

    /// <summary>After EAGAIN, waits for the event before the next try.</summary>
    private bool MayTryAgain(Errno error, short awaited, Deadline deadline)
    {
        if (error == Errno.EINTR)
            return true;
        if (error != Errno.EAGAIN || deadline.Passed)
            return false;
        Poll(awaited, deadline.Milliseconds);
        return true;
    }

    /// <returns>The events that have happened; 0 when poll(2) fails.</returns>
    private short Poll(short awaited, int milliseconds)
    {
        var descriptor = new Libc.PollFd { Fd = Number, Events = awaited };
        return Libc.poll(&descriptor, 1, milliseconds) < 0 ? (short)0 : descriptor.Revents;
    }
}
