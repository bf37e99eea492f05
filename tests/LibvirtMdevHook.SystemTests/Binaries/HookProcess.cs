using System.Diagnostics;
using System.Text;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>A call of the hook as libvirtd makes it: pipes on 0 to 2, a fixed environment, and waiting until it has ended.</summary>
internal sealed class HookProcess
{
    /// <summary>Longer than any deadline in these tests.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly long _begin = Stopwatch.GetTimestamp();
    private readonly Task<HookRun> _end;

    public HookProcess(string program, string root, byte[] input, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/",
        };
        start.Environment.Clear();
        start.Environment["LC_ALL"] = "C";
        start.Environment["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        start.Environment["HOME"] = "/root";
        start.Environment["LIBVIRT_MDEV_ROOT"] = root;
        _process = Process.Start(start)!;

        // The readers have their own threads: the time is measured, and threads of the pool may be busy.
        _ = OnThread(() => Feed(_process.StandardInput.BaseStream, input));
        var output = OnThread(() => Drain(_process.StandardOutput));
        var errors = OnThread(() => Drain(_process.StandardError));
        _end = OnThread(() =>
        {
            _process.WaitForExit();
            return new HookRun(_process.ExitCode, output.Result, errors.Result, Stopwatch.GetElapsedTime(_begin));
        });
    }

    public int Id => _process.Id;

    public bool HasEnded => _end.IsCompleted;

    /// <summary>Waits for the end; fails if that does not come in time.</summary>
    public HookRun End() =>
        _end.Wait(Limit)
            ? _end.Result
            : throw new TimeoutException($"The hook or who has its outputs did not end within {Limit.TotalSeconds} s.");

    /// <summary>SIGKILL, to this one process.</summary>
    public void Kill() => _process.Kill();

    private static Task<T> OnThread<T>(Func<T> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static bool Feed(Stream stdin, byte[] input)
    {
        try
        {
            stdin.Write(input);
            stdin.Close();
            return true;
        }
        catch (IOException)
        {
            // A hook need not read everything: libvirtd ignores EPIPE as well.
            return false;
        }
    }

    private static string Drain(StreamReader reader)
    {
        using var bytes = new MemoryStream();
        reader.BaseStream.CopyTo(bytes);
        return Encoding.UTF8.GetString(bytes.ToArray());
    }
}
