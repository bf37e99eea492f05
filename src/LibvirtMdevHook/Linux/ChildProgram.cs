using System.ComponentModel;
using System.Diagnostics;

namespace LibvirtMdevHook.Linux;

/// <summary>Runs a program of the host and waits until it ends or its time is over.</summary>
internal static class ChildProgram
{
    /// <summary>
    /// Looks for the program in PATH and runs it. Our descriptors are closed on exec, so the
    /// program holds none of our locks.
    /// </summary>
    /// <param name="input">What the program reads on its standard input.</param>
    /// <returns>
    /// How the program ended. A program that does not end in time is killed, and its outcome has no
    /// status.
    /// </returns>
    /// <exception cref="IOException">The program cannot be started.</exception>
    public static ChildOutcome Run(string program, IEnumerable<string> arguments, string input, Deadline deadline)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment["LC_ALL"] = "C";
        try
        {
            using var process = Process.Start(start)!;
            var output = process.StandardOutput.ReadToEndAsync();
            var errors = process.StandardError.ReadToEndAsync();
            Feed(process, input);
            // A process that the program has started may keep its outputs open after it has ended.
            if (process.WaitForExit(deadline.Milliseconds)
                && Task.WaitAll([output, errors], Math.Max(deadline.Milliseconds, 100)))
                return new ChildOutcome(process.ExitCode, output.Result, errors.Result);
            process.Kill();
            return new ChildOutcome(null, "", "");
        }
        catch (Win32Exception e)
        {
            throw new IOException($"'{program}' cannot be started: {e.Message}", e);
        }
    }

    private static void Feed(Process process, string input)
    {
        try
        {
            process.StandardInput.Write(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The program ended or closed its input before it had read everything. Its exit status
            // shows whether that is a failure.
        }
    }
}

/// <summary>How a program ended.</summary>
/// <param name="Status">Its exit status; null when it did not end in time.</param>
internal sealed record ChildOutcome(int? Status, string Output, string Errors);
