using System.ComponentModel;
using System.Diagnostics;

namespace LibvirtMdevHook.Linux;

/// <summary>Runs a program of the host and waits until it ends or its time is over.</summary>
internal static class ChildProgram
{
    /// <summary>
    /// The program runs in the folder <c>/</c>. Our descriptors are closed on exec, so it holds
    /// none of our locks.
    /// </summary>
    /// <param name="program">
    /// An absolute path: .NET looks for any other name in the current folder, too, which may be any
    /// user's.
    /// </param>
    /// <param name="input">What the program reads on its standard input.</param>
    /// <returns>
    /// How the program ended. A program that does not end in time is killed, and its outcome has no
    /// status.
    /// </returns>
    /// <exception cref="ArgumentException">The path is not absolute.</exception>
    /// <exception cref="IOException">
    /// The program cannot be started, or no thread can feed it.
    /// </exception>
    public static ChildOutcome Run(string program, IEnumerable<string> arguments, string input, Deadline deadline)
    {
        if (!program.StartsWith('/'))
            throw new ArgumentException($"'{program}' is not an absolute path", nameof(program));
        using var process = Start(program, arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        Feed(process, input);
        // A process that the program has started may keep its outputs open after it has ended.
        if (process.WaitForExit(deadline.Milliseconds) && Task.WaitAll([output, errors], Math.Max(deadline.Milliseconds, 100)))
            return new ChildOutcome(process.ExitCode, output.Result, errors.Result);
        process.Kill();
        return new ChildOutcome(null, "", "");
    }

    private static Process Start(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = "/",
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["LC_ALL"] = "C";
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new IOException($"'{program}' cannot be started: {((Errno)e.NativeErrorCode).InWords}", e);
        }
    }

    /// <summary>
    /// A pipe takes 64 KiB at once. More input waits until the program reads, so a thread of its
    /// own writes it, and the deadline holds all the same.
    /// </summary>
    private static void Feed(Process process, string input)
    {
        var to = process.StandardInput;
        if (input.Length == 0)
        {
            to.Close();
            return;
        }

        try
        {
            _ = OwnThread.Start(() => Write(to, input));
        }
        catch (IOException)
        {
            process.Kill();
            throw;
        }
    }

    private static bool Write(StreamWriter to, string input)
    {
        try
        {
            to.Write(input);
            to.Close();
            return true;
        }
        catch (IOException)
        {
            // The program ended or closed its input before it had read everything. Its exit status
            // shows whether that is a failure.
            return false;
        }
    }
}

/// <summary>How a program ended.</summary>
/// <param name="Status">Its exit status; null when it did not end in time.</param>
internal sealed record ChildOutcome(int? Status, string Output, string Errors);
