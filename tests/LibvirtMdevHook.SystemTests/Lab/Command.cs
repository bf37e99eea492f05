using System.Diagnostics;

namespace LibvirtMdevHook.SystemTests.Lab;

/// <summary>Runs programs to their end, and fails if that does not come in time.</summary>
internal static class Command
{
    /// <summary>Longer than anything in a lab takes on a busy machine.</summary>
    public static TimeSpan Limit { get; } = TimeSpan.FromSeconds(60);

    public static Outcome Run(string program, params IEnumerable<string> arguments) => Run(Limit, program, arguments);

    public static Outcome Run(TimeSpan limit, string program, params IEnumerable<string> arguments)
    {
        using var process = Process.Start(Redirected(program, arguments))!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        process.StandardInput.Close();

        // The outputs end later than the process if a child of it holds them; that is a failure, too.
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
