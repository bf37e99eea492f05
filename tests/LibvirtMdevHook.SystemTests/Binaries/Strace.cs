using System.ComponentModel;
using System.Diagnostics;
using System.Text.RegularExpressions;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>The files that a program and its children name in system calls.</summary>
internal static partial class Strace
{
    /// <returns>Call and path of each system call that takes a path, in their order.</returns>
    public static IReadOnlyList<string> Files(string root, string input, string program, params IEnumerable<string> arguments)
    {
        var trace = Path.GetTempFileName();
        var start = new ProcessStartInfo("strace", ["-f", "-qq", "-e", "trace=%file", "-o", trace, program, .. arguments])
        {
            RedirectStandardInput = true,
        };
        start.Environment["LIBVIRT_MDEV_ROOT"] = root;
        try
        {
            using var process = Process.Start(start)!;
            process.StandardInput.Write(input);
            process.StandardInput.Close();
            process.WaitForExit();
            return process.ExitCode == 0
                ? [.. File.ReadLines(trace).SelectMany(line => Call().Matches(line)).Select(call => call.Result("$1 $2"))]
                : throw new InvalidOperationException($"'{program}' ended with {process.ExitCode} under strace.");
        }
        catch (Win32Exception)
        {
            throw new InvalidOperationException("strace is not installed: run 'apt-get install strace'.");
        }
        finally
        {
            File.Delete(trace);
        }
    }

    [GeneratedRegex("""^\d+ +(\w+)\([^"]*"([^"]*)""")]
    private static partial Regex Call();
}
