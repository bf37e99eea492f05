using System.ComponentModel;
using System.Diagnostics;

namespace LibvirtMdevHook.Cli;

/// <summary>Calls virsh for this host's system domains, with a time limit and never while a lock is held: libvirtd may wait for a hook of ours.</summary>
internal static class VirshCall
{
    /// <summary>Where virsh finds what it is given to read; a bare /dev has no stdin.</summary>
    public const string Input = "/proc/self/fd/0";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <param name="input">What it reads from <see cref="Input"/>.</param>
    /// <returns>What it printed.</returns>
    /// <exception cref="IOException">It cannot be started, did not end in time, or said no.</exception>
    public static string Run(string input, params string[] arguments)
    {
        var start = new ProcessStartInfo("virsh", ["-q", "-c", "qemu:///system", .. arguments])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment["LC_ALL"] = "C";
        try
        {
            using var virsh = Process.Start(start)!;
            var (output, errors) = (virsh.StandardOutput.ReadToEndAsync(), virsh.StandardError.ReadToEndAsync());
            Feed(virsh, input);
            if (!virsh.WaitForExit(Limit) || !Task.WaitAll([output, errors], Limit))
            {
                virsh.Kill();
                throw new IOException($"'virsh {arguments[0]}' has not ended within {Limit.TotalSeconds} s");
            }

            return virsh.ExitCode == 0 ? output.Result : throw new IOException($"virsh {arguments[0]}: {errors.Result.Trim()}");
        }
        catch (Win32Exception e)
        {
            throw new IOException($"'virsh' cannot be started: {e.Message}", e);
        }
    }

    private static void Feed(Process virsh, string input)
    {
        try
        {
            virsh.StandardInput.Write(input);
            virsh.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading everything: its status tells.
        }
    }
}
