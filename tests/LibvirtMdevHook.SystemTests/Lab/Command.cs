using System.Diagnostics;

namespace LibvirtMdevHook.SystemTests.Lab;

/// <summary>Runs programs to their end, which has to come in time.</summary>
internal static class Command
{
    /// <summary>More than anything in a lab takes on a busy machine.</summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromSeconds(60);

    public static Outcome Run(string program, params IEnumerable<string> arguments) => Run(Patience, program, arguments);

    public static Outcome Run(TimeSpan limit, string program, params IEnumerable<string> arguments)
    {
        using var process = Process.Start(Redirected(program, arguments))!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        process.StandardInput.Close();

        // The outputs end later than the process if it left a child that holds them; that is a failure to be seen, too.
        if (!process.WaitForExit(limit) || !Task.WaitAll([output, errors], limit))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"'{program} {string.Join(' ', arguments)}' did not end within {limit.TotalSeconds} s.");
        }

        return new Outcome(process.ExitCode, output.Result, errors.Result);
    }

    public static ProcessStartInfo Redirected(string program, IEnumerable<string> arguments) => new(program, arguments)
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    };
}
