using Microsoft.Win32.SafeHandles;

namespace LibvirtMdevHook.Linux;

/// <summary>An open file descriptor of this process, closed on exec and on dispose.</summary>
internal sealed class Descriptor : SafeHandleMinusOneIsInvalid
{
    private Descriptor(int fd) : base(ownsHandle: true) => SetHandle(fd);

    public int Number => (int)handle;

    public static Descriptor Own(int fd) => new(fd);

    /// <summary>open(2) with O_CLOEXEC, tried again on EINTR.</summary>
    /// <returns>Null on failure, with the reason in <paramref name="error"/>.</returns>
    public static Descriptor? Open(string path, int flags, out Errno error, uint mode = 0)
    {
        while (true)
        {
            var fd = Libc.open(path, flags | Libc.O_CLOEXEC, mode);
            error = fd >= 0 ? Errno.None : Errno.Last();
            if (fd >= 0)
                return new Descriptor(fd);
            if (error != Errno.EINTR)
                return null;
        }
    }

    /// <summary>One write(2) of all the bytes; a short write is EIO, as a kernel attribute takes a command whole or not at all.</summary>
    public unsafe Errno Write(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* buffer = bytes)
        {
            while (true)
            {
                var written = Libc.write(Number, buffer, (nuint)bytes.Length);
                var error = written < 0 ? Errno.Last() : written == bytes.Length ? Errno.None : Errno.EIO;
                if (error != Errno.EINTR)
                    return error;
            }
        }
    }

    /// <summary>
    /// Writes all the bytes to a pipe in as many pieces as it takes, none larger than PIPE_BUF: poll(2) promises that such a piece does not
    /// block.
    /// </summary>
    /// <param name="limit">How long the reader may take nothing.</param>
    /// <returns>ETIMEDOUT when patience was over; EPIPE when the reader has gone.</returns>
    public unsafe Errno WriteAll(ReadOnlySpan<byte> bytes, TimeSpan limit)
    {
        const int pipeBuffer = 4096;
        var deadline = Deadline.After(limit);
        fixed (byte* buffer = bytes)
        {
            for (var written = 0; written < bytes.Length;)
            {
                var descriptor = new Libc.PollFd { Fd = Number, Events = Libc.POLLOUT };
                var ready = Libc.poll(&descriptor, 1, deadline.Milliseconds);
                if (ready == 0)
                    return Errno.ETIMEDOUT;
                var count = ready < 0 ? -1 : (int)Libc.write(Number, buffer + written, (nuint)Math.Min(pipeBuffer, bytes.Length - written));
                if (count < 0 && Errno.Last() is var error && error != Errno.EINTR && error != Errno.EAGAIN)
                    return error;
                if (count > 0)
                    (written, deadline) = (written + count, Deadline.After(limit));
            }
        }

        return Errno.None;
    }

    /// <summary>
    /// Writes all the bytes to an empty pipe by one write(2), after the pipe was made large enough for all of them (fcntl(2), F_SETPIPE_SZ):
    /// so the reader gets the whole or nothing, and a reader that is slow, or this process being killed, changes nothing about that.
    /// </summary>
    /// <returns>EBADF for what is no pipe; EPERM for more than a pipe may hold; EBUSY for a pipe that is not empty; EPIPE without a reader.</returns>
    public unsafe Errno WriteWhole(ReadOnlySpan<byte> bytes)
    {
        var capacity = Libc.fcntl(Number, Libc.F_GETPIPE_SZ, 0);
        if (capacity < 0)
            return Errno.Last();
        int waiting;
        if (Libc.ioctl(Number, Libc.FIONREAD, &waiting) < 0)
            return Errno.Last();
        if (waiting > 0)
            return Errno.EBUSY;
        if (capacity < bytes.Length && Libc.fcntl(Number, Libc.F_SETPIPE_SZ, bytes.Length) < 0)
            return Errno.Last();
        return Write(bytes);
    }

    /// <summary>One read(2).</summary>
    /// <returns>The number of bytes, 0 at the end, -1 on failure.</returns>
    public unsafe int Read(Span<byte> into, out Errno error)
    {
        fixed (byte* buffer = into)
        {
            while (true)
            {
                var count = (int)Libc.read(Number, buffer, (nuint)into.Length);
                error = count < 0 ? Errno.Last() : Errno.None;
                if (error != Errno.EINTR)
                    return count;
            }
        }
    }

    protected override bool ReleaseHandle() => Libc.close(Number) == 0;
}
