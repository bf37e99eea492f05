using System.Runtime.InteropServices;
using System.Text;

namespace LibvirtMdevHook.Linux;

/// <summary>
/// Starts a program in its own session. It gets /dev/null as descriptors 0 to 2, one socket as
/// descriptor 3, and no other descriptor of this process: libvirtd waits until every writer of the
/// hook's pipes has closed them, so the child must not inherit one.
/// </summary>
internal static unsafe partial class DetachedProcess
{
    /// <summary>The descriptor on which the child finds its socket.</summary>
    public const int SocketNumber = 3;

    // From glibc's <spawn.h>. Its opaque types have 80, 336 and 128 bytes on 64-bit Linux.
    private const short SetSid = 0x80;
    private const short SetSignalDefaults = 0x04;
    private const short SetSignalMask = 0x08;
    private const int OpaqueSize = 512;
    private const int SignalSetSize = 128;

    /// <param name="environmentEntry">
    /// The only variable of the program's environment, as <c>NAME=value</c>; null for none.
    /// </param>
    /// <returns>What posix_spawn(3) returns: ENOENT when the program is missing.</returns>
    public static Errno Start(string program, string argument, string? environmentEntry, SocketEnd socket)
    {
        byte* actions = stackalloc byte[OpaqueSize];
        byte* attributes = stackalloc byte[OpaqueSize];
        byte* noSignals = stackalloc byte[SignalSetSize];
        byte* allSignals = stackalloc byte[SignalSetSize];
        new Span<byte>(noSignals, SignalSetSize).Clear();
        new Span<byte>(allSignals, SignalSetSize).Fill(0xff);
        _ = posix_spawn_file_actions_init(actions);
        _ = posix_spawnattr_init(attributes);
        fixed (byte* nowhere = "/dev/null\0"u8)
        fixed (byte* path = Bytes(program), first = Bytes(argument), entry = Bytes(environmentEntry ?? ""))
        {
            for (var fd = 0; fd < 3; fd++)
                _ = posix_spawn_file_actions_addopen(actions, fd, nowhere, Libc.O_RDWR, 0);
            _ = posix_spawn_file_actions_adddup2(actions, socket.Number, SocketNumber);
            _ = posix_spawn_file_actions_addclosefrom_np(actions, SocketNumber + 1);
            _ = posix_spawnattr_setsigdefault(attributes, allSignals);
            _ = posix_spawnattr_setsigmask(attributes, noSignals);
            _ = posix_spawnattr_setflags(attributes, SetSid | SetSignalDefaults | SetSignalMask);
            byte** argv = stackalloc byte*[] { path, first, null };
            byte** environment = stackalloc byte*[] { environmentEntry is null ? null : entry, null };
            return (Errno)posix_spawn(out _, path, actions, attributes, argv, environment);
        }
    }

    /// <summary>Says why a program was not started, and what to do.</summary>
    /// <param name="error">What <see cref="Start"/> returned.</param>
    public static Reason WhyNotStarted(string program, Errno error) =>
        new Reason($"'{program}' cannot be started ({error.InWords}); {Remedy(error)}") { Error = error };

    private static string Remedy(Errno error) => error switch
    {
        Errno.EAGAIN => "no more processes may be started: raise TasksMax of libvirtd's unit (pids.max of its cgroup) or kernel.pid_max, "
            + "and try again",
        Errno.ENOMEM => "free memory, or raise MemoryMax of libvirtd's unit, and try again",
        Errno.EMFILE => "raise LimitNOFILE of libvirtd's unit, and try again",
        Errno.ENFILE => "raise the sysctl fs.file-max, and try again",
        Errno.EPERM => "something on this host forbids libvirtd to start programs: the kernel's log may say what ('journalctl -k')",
        _ => "install libvirt-mdev-hook again or remove it altogether",
    };

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text + '\0');

    [LibraryImport("libc")]
    private static partial int posix_spawn(
        out int pid, byte* path, void* actions, void* attributes, byte** argv, byte** environment);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_init(void* actions);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_addopen(void* actions, int fd, byte* path, int flags, uint mode);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_adddup2(void* actions, int fd, int to);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_addclosefrom_np(void* actions, int from);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_init(void* attributes);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_setflags(void* attributes, short flags);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_setsigdefault(void* attributes, void* signals);

    [LibraryImport("libc")]
    private static partial int posix_spawnattr_setsigmask(void* attributes, void* signals);
}
