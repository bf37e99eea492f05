namespace LibvirtMdevHook.Linux;

/// <summary>One end of a connected pair of Unix stream sockets; all waiting ends at a deadline.</summary>
internal sealed unsafe class SocketEnd : IDisposable
{
    private readonly Descriptor _socket;

    private SocketEnd(Descriptor socket) => _socket = socket;

    public int Number => _socket.Number;

    /// <summary>The other end is closed altogether (poll(2) says POLLHUP), so nobody will read an answer.</summary>
    public bool OtherEndGone => (Poll(0, 0) & (Libc.POLLHUP | Libc.POLLERR)) != 0;

    /// <exception cref="IOException">No pair can be had.</exception>
    public static (SocketEnd Ours, SocketEnd Theirs) Pair()
    {
        var pair = stackalloc int[2];
        if (Libc.socketpair(Libc.AF_UNIX, Libc.SOCK_STREAM | Libc.SOCK_CLOEXEC, 0, pair) != 0)
            throw new IOException($"cannot make a pair of sockets: {Errno.Last().InWords}");
        return (Own(pair[0]), Own(pair[1]));
    }

    public static SocketEnd Own(int fd) => new(Descriptor.Own(fd));

    /// <returns>False when the deadline passed or the other end has gone.</returns>
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
    /// <returns>How many bytes came before the end, the deadline or an error.</returns>
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
    /// Waits until the other end is closed. A socket closed with unread data resets its peer (unix(7)): so this tells whether what was
    /// sent last has been read.
    /// </summary>
    /// <returns>
    /// True when everything that was sent has been read; also where that cannot be found out: what was read is in use, what was not goes
    /// with its domain.
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

    private bool MayTryAgain(Errno error, short what, Deadline deadline) =>
        error == Errno.EINTR || (error == Errno.EAGAIN && !deadline.Passed && Poll(what, deadline.Milliseconds) >= 0);

    private short Poll(short what, int milliseconds)
    {
        var descriptor = new Libc.PollFd { Fd = Number, Events = what };
        return Libc.poll(&descriptor, 1, milliseconds) < 0 ? (short)0 : descriptor.Revents;
    }
}
