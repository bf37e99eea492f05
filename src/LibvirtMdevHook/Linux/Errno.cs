using System.Runtime.InteropServices;

namespace LibvirtMdevHook.Linux;

/// <summary>
/// The result of a system call: 0 for success, otherwise the kernel's error number (errno(3)). It
/// can also be a number without a name here.
/// </summary>
internal enum Errno
{
    None = 0,
    EPERM = 1,
    ENOENT = 2,
    ESRCH = 3,
    EINTR = 4,
    EIO = 5,
    ENXIO = 6,
    E2BIG = 7,
    ENOEXEC = 8,
    EBADF = 9,
    EAGAIN = 11,
    ENOMEM = 12,
    EACCES = 13,
    EFAULT = 14,
    EBUSY = 16,
    EEXIST = 17,
    ENODEV = 19,
    ENOTDIR = 20,
    EISDIR = 21,
    EINVAL = 22,
    ENFILE = 23,
    EMFILE = 24,
    EFBIG = 27,
    ENOSPC = 28,
    EROFS = 30,
    EPIPE = 32,
    ELOOP = 40,
    EUSERS = 87,
    EOPNOTSUPP = 95,
    EADDRINUSE = 98,
    EADDRNOTAVAIL = 99,
    ECONNRESET = 104,
    ETIMEDOUT = 110,
    ESTALE = 116,
    EDQUOT = 122,
}

/// <summary>Members of <see cref="Errno"/>, which an enum cannot have itself.</summary>
internal static class ErrnoExtensions
{
    extension(Errno error)
    {
        public bool IsNone => error == Errno.None;

        /// <summary>The file, or a folder on its path, does not exist.</summary>
        public bool IsAbsent => error is Errno.ENOENT or Errno.ENOTDIR;

        /// <summary><c>ENOSPC</c>, or <c>errno 61</c> for a number without a name here.</summary>
        public string Name => Enum.IsDefined(error) ? error.ToString() : $"errno {(int)error}";

        /// <summary>For messages: <c>No space left on device (ENOSPC)</c>.</summary>
        public string InWords => $"{Marshal.GetPInvokeErrorMessage((int)error)} ({error.Name})";

        /// <summary>The errno of the last system call on this thread.</summary>
        public static Errno Last() => (Errno)Marshal.GetLastPInvokeError();
    }
}
