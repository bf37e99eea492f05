using Microsoft.Win32.SafeHandles;

namespace LibvirtMdevHook.Linux;

/// <summary>An open file descriptor of this process, closed on exec and on dispose.</summary>
internal sealed class Descriptor : SafeHandleMinusOneIsInvalid
{
    private Descriptor(int fd) : base(ownsHandle: true) => SetHandle(fd);

    public int Number => (int)handle;

    public static Descriptor Own(int fd) => new(fd);

    /// <summary>Calls open(2) with O_CLOEXEC, and again on EINTR.</summary>
    /// <returns>Null on failure; <paramref name="error"/> has the errno.</returns>
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

    /// <summary>
    /// Whether this is the end of a pipe that no process reads any more (poll(2) reports POLLERR).
    /// A file, a terminal and /dev/null have no readers that could go.
    /// </summary>
    public unsafe bool HasNoReader
    {
        get
        {
            var descriptor = new Libc.PollFd { Fd = Number };
            return Libc.poll(&descriptor, 1, 0) > 0 && (descriptor.Revents & Libc.POLLERR) != 0;
        }
    }

    /// <summary>
    /// Writes all the bytes by one write(2). A short write is EIO: a kernel attribute takes a
    /// command as a whole or not at all.
    /// </summary>
    public unsafe Errno Write(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* buffer = bytes)
        {
            while (true)
            {
                var written = Libc.write(Number, buffer, (nuint)bytes.Length);
                if (written == bytes.Length)
                    return Errno.None;
                if (written >= 0)
                    return Errno.EIO;
                if (Errno.Last() is var error && error != Errno.EINTR)
                    return error;
            }
        }
    }

    /// <summary>
    /// Writes all the bytes to a pipe in pieces of at most PIPE_BUF: after poll(2) reports the pipe
    /// as writable, such a piece does not block.
    /// </summary>
    /// <param name="limit">How long to wait while the reader takes nothing.</param>
    /// <returns>
    /// ETIMEDOUT when the reader took nothing for that long; EPIPE when there is no reader any
    /// more.
    /// </returns>
    public unsafe Errno WriteAll(ReadOnlySpan<byte> bytes, TimeSpan limit)
    {
        const int pipeBuffer = 4096;
        var deadline = Deadline.After(limit);
        fixed (byte* buffer = bytes)
        {
            for (var written = 0; written < bytes.Length;)
            {
                var descriptor = new Libc.PollFd { Fd = Number, Events = Libc.POLLOUT };
                var count = Libc.poll(&descriptor, 1, deadline.Milliseconds);
                if (count == 0)
                    return Errno.ETIMEDOUT;
                if (count > 0)
                    count = (int)Libc.write(Number, buffer + written, (nuint)Math.Min(pipeBuffer, bytes.Length - written));
                if (count < 0 && Errno.Last() is var error && error != Errno.EINTR && error != Errno.EAGAIN)
                    return error;
                if (count <= 0)
                    continue;
                written += count;
                deadline = Deadline.After(limit);
            }
        }

        return Errno.None;
    }

    /// <summary>
    /// Writes all the bytes to an empty pipe by one write(2), after it has made the pipe large
    /// enough for them (fcntl(2), F_SETPIPE_SZ). So the reader gets all of it or nothing, even if
    /// it reads slowly or this process is killed.
    /// </summary>
    /// <returns>
    /// EBADF for a descriptor that is no pipe; EPERM for more bytes than a pipe may hold; EBUSY for
    /// a pipe that is not empty; EPIPE when there is no reader.
    /// </returns>
    /// <param name="limit">
    /// How long the reader may take nothing, where the kernel had no memory for all at once.
    /// </param>
    public unsafe Errno WriteWhole(ReadOnlySpan<byte> bytes, TimeSpan limit)
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
        fixed (byte* buffer = bytes)
        {
            var written = (int)Libc.write(Number, buffer, (nuint)bytes.Length);
            return written < 0 ? Errno.Last() : WriteAll(bytes[written..], limit);
        }
    }

    /// <summary>Reads by one read(2).</summary>
    /// <returns>The number of bytes, 0 at the end of the file, -1 on failure.</returns>
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
