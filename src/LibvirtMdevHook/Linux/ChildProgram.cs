using System.ComponentModel;
using System.Diagnostics;

namespace LibvirtMdevHook.Linux;

/// <summary>Runs a program of the host to its end, and no longer than it is given.</summary>
internal static class ChildProgram
{
    /// <summary>It runs in '/'. Descriptors of ours are closed on exec, so it holds no lock.</summary>
    /// <param name="program">Its absolute path: .NET looks for any other in the current folder, too, which may be anybody's.</param>
    /// <param name="input">What it reads on its standard input.</param>
    /// <returns>How it ended, without a status when it did not in time: then it was killed.</returns>
    /// <exception cref="ArgumentException">The path is not absolute.</exception>
    /// <exception cref="IOException">It cannot be started, or be given its input.</exception>
    public static ChildOutcome Run(string program, IEnumerable<string> arguments, string input, Deadline deadline)
    {
        if (!program.StartsWith('/'))
            throw new ArgumentException($"'{program}' is not an absolute path", nameof(program));
        using var process = Start(program, arguments);
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        Feed(process, input);
        // What it leaves behind may hold its outputs longer than it lives.
        if (process.WaitForExit(deadline.Milliseconds) && Task.WaitAll([output, errors], Math.Max(deadline.Milliseconds, 100)))
            return new ChildOutcome(process.ExitCode, output.Result, errors.Result);
        process.Kill();
        return new ChildOutcome(null, "", "");
    }

    private static Process Start(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = "/", RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
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

    /// <summary>A pipe takes 64 KiB at once. More waits for a program that reads, which is not to be waited for without a limit.</summary>
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
            // It ended, or closed its input, without reading everything: its status tells.
            return false;
        }
    }
}

/// <summary>How a program ended.</summary>
/// <param name="Status">Its exit status; null when it gave none in time.</param>
internal sealed record ChildOutcome(int? Status, string Output, string Errors);
