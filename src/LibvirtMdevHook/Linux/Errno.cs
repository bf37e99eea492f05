using System.Runtime.InteropServices;

namespace LibvirtMdevHook.Linux;

/// <summary>The outcome of a system call: 0 for success, otherwise the kernel's error number (errno(3)).</summary>
internal readonly record struct Errno(int Value)
{
    public static readonly Errno None;
    public static readonly Errno EPERM = new(1);
    public static readonly Errno ENOENT = new(2);
    public static readonly Errno EINTR = new(4);
    public static readonly Errno EIO = new(5);
    public static readonly Errno E2BIG = new(7);
    public static readonly Errno EAGAIN = new(11);
    public static readonly Errno ENOMEM = new(12);
    public static readonly Errno EACCES = new(13);
    public static readonly Errno EFAULT = new(14);
    public static readonly Errno EBUSY = new(16);
    public static readonly Errno EEXIST = new(17);
    public static readonly Errno ENODEV = new(19);
    public static readonly Errno ENOTDIR = new(20);
    public static readonly Errno EINVAL = new(22);
    public static readonly Errno EFBIG = new(27);
    public static readonly Errno ENOSPC = new(28);
    public static readonly Errno ELOOP = new(40);
    public static readonly Errno EUSERS = new(87);
    public static readonly Errno EADDRINUSE = new(98);
    public static readonly Errno EADDRNOTAVAIL = new(99);
    public static readonly Errno ECONNRESET = new(104);
    public static readonly Errno ETIMEDOUT = new(110);

    private static readonly Dictionary<int, string> Names = new()
    {
        [1] = "EPERM", [2] = "ENOENT", [4] = "EINTR", [5] = "EIO", [6] = "ENXIO", [7] = "E2BIG", [9] = "EBADF",
        [11] = "EAGAIN", [12] = "ENOMEM", [13] = "EACCES", [14] = "EFAULT", [16] = "EBUSY", [17] = "EEXIST", [19] = "ENODEV",
        [20] = "ENOTDIR", [21] = "EISDIR", [22] = "EINVAL", [24] = "EMFILE", [27] = "EFBIG", [28] = "ENOSPC", [30] = "EROFS",
        [32] = "EPIPE", [40] = "ELOOP", [87] = "EUSERS", [95] = "EOPNOTSUPP", [98] = "EADDRINUSE", [99] = "EADDRNOTAVAIL",
        [104] = "ECONNRESET", [110] = "ETIMEDOUT", [116] = "ESTALE", [122] = "EDQUOT",
    };

    public bool IsNone => Value == 0;

    /// <summary>The file, or something on the way to it, is not there.</summary>
    public bool IsAbsent => this == ENOENT || this == ENOTDIR;

    /// <returns><c>ENOSPC</c>.</returns>
    public string Name => Names.GetValueOrDefault(Value) ?? $"errno {Value}";

    /// <summary>The errno of the system call made last on this thread.</summary>
    public static Errno Last() => new(Marshal.GetLastPInvokeError());

    /// <returns>For people: <c>No space left on device (ENOSPC)</c>.</returns>
    public override string ToString() =>
        $"{Marshal.GetPInvokeErrorMessage(Value)} ({Name})";
}
