using System.Diagnostics;
using System.Text;
using LibvirtMdevHook.SystemTests.Lab;

namespace LibvirtMdevHook.FaultTests.Hostile;

/// <summary>A call of the hook, with the peak memory of the hook and of its worker, watched while they run.</summary>
/// <param name="HookMemory">In KiB, as /proc says (VmHWM); 0 where it ended before it could be seen.</param>
internal sealed record Measured(int Status, string Output, string Errors, TimeSpan Time, int HookMemory, int WorkerMemory)
{
    public static Measured Call(PlainHost host, byte[] input, params IEnumerable<string> arguments)
    {
        var start = Command.Redirected(SourceTree.Hook, arguments);
        start.Environment.Clear();
        start.Environment["LIBVIRT_MDEV_ROOT"] = host.Root;
        var begin = Stopwatch.GetTimestamp();
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        var fed = Task.Run(() => Feed(process, input));
        var (hook, worker) = (0, 0);
        while (!process.HasExited)
        {
            hook = Math.Max(hook, Peak(process.Id));
            worker = Math.Max(worker, host.Workers().Select(Peak).DefaultIfEmpty(0).Max());
            Thread.Sleep(2);
        }

        process.WaitForExit();
        fed.Wait();
        return new Measured(process.ExitCode, output.Result, errors.Result, Stopwatch.GetElapsedTime(begin), hook, worker);
    }

    private static void Feed(Process process, byte[] input)
    {
        try
        {
            process.StandardInput.BaseStream.Write(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // A hook need not read everything.
        }
    }

    private static int Peak(int process)
    {
        try
        {
            return File.ReadLines($"/proc/{process}/status", Encoding.Latin1)
                .Where(line => line.StartsWith("VmHWM:", StringComparison.Ordinal))
                .Select(line => int.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2])).FirstOrDefault();
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
