using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>
/// Runs a program with nothing around it that costs time: posix_spawn(3) and waitpid(2), the input in a pipe before the start, the outputs
/// to /dev/null.
/// </summary>
internal static unsafe partial class BareProcess
{
    /// <summary>A pipe holds so much without a reader.</summary>
    private const int MaximumInput = 1 << 16;

    public static TimeSpan Time(byte[] input, string program, params IEnumerable<string> arguments)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(input.Length, MaximumInput);
        const int closeOnExec = 0x80000;
        var pipe = stackalloc int[2];
        Check(pipe2(pipe, closeOnExec), "pipe2");
        fixed (byte* bytes = input)
            Check(write(pipe[1], bytes, (nuint)input.Length) == input.Length ? 0 : -1, "write");
        Check(close(pipe[1]), "close");
        var begin = Stopwatch.GetTimestamp();
        var child = Start(pipe[0], program, [program, .. arguments]);
        int status;
        while (waitpid(child, &status, 0) != child)
            Check(Marshal.GetLastPInvokeError() == 4 ? 0 : -1, "waitpid");
        var time = Stopwatch.GetElapsedTime(begin);
        Check(close(pipe[0]), "close");
        return status == 0 ? time : throw new InvalidOperationException($"'{program}' ended with {status}.");
    }

    private static int Start(int stdin, string program, string[] arguments)
    {
        // An opaque structure of 80 bytes on 64-bit Linux.
        var actions = stackalloc byte[512];
        var texts = arguments.Append("LC_ALL=C").Append("PATH=/usr/sbin:/usr/bin:/sbin:/bin").Append("HOME=/root")
            .Select(text => Marshal.StringToCoTaskMemUTF8(text)).ToArray();
        var argv = stackalloc nint[arguments.Length + 1];
        var environment = stackalloc nint[4];
        texts.AsSpan(0, arguments.Length).CopyTo(new Span<nint>(argv, arguments.Length));
        texts.AsSpan(arguments.Length).CopyTo(new Span<nint>(environment, 3));
        (argv[arguments.Length], environment[3]) = (0, 0);
        _ = posix_spawn_file_actions_init(actions);
        _ = posix_spawn_file_actions_adddup2(actions, stdin, 0);
        fixed (byte* nowhere = "/dev/null\0"u8, path = Encoding.UTF8.GetBytes(program + '\0'))
        {
            for (var fd = 1; fd < 3; fd++)
                _ = posix_spawn_file_actions_addopen(actions, fd, nowhere, 1, 0);
            var error = posix_spawn(out var child, path, actions, null, argv, environment);
            Array.ForEach(texts, Marshal.FreeCoTaskMem);
            return error == 0 ? child : throw new InvalidOperationException($"'{program}' cannot be started: error {error}.");
        }
    }

    private static void Check(int result, string call)
    {
        if (result < 0)
            throw new InvalidOperationException($"{call}: {Marshal.GetLastPInvokeErrorMessage()}.");
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int pipe2(int* pipe, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint write(int descriptor, byte* data, nuint size);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int close(int descriptor);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int waitpid(int process, int* status, int options);

    [LibraryImport("libc")]
    private static partial int posix_spawn(out int process, byte* path, void* actions, void* attributes, nint* argv, nint* environment);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_init(void* actions);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_addopen(void* actions, int descriptor, byte* path, int flags, uint mode);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_adddup2(void* actions, int descriptor, int to);
}
