using System.Diagnostics;
using System.IO.Pipes;
using System.Runtime.InteropServices;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Cli;

/// <summary>
/// A verb that writes to sysfs, or that is to end although some driver does not answer, runs in a process of its own. A call that the kernel
/// does not answer keeps its process from ending, not even SIGKILL does; nobody's terminal is to wait for that.
/// </summary>
internal static class ChildCommand
{
    private const string ReportTo = "--report-to";
    private const int Sigterm = 15;
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(1);

    /// <summary>Whether the arguments are of such a verb.</summary>
    public static bool IsFor(string[] args) => args is ["attach" or "detach" or "reconcile" or "doctor" or "metrics", ..];

    /// <returns>The exit status of the verb, as soon as it has done what it can do.</returns>
    public static int Run(string[] args, Func<string[], int> run) => args is [.. var own, ReportTo, var pipe] ? Act(own, pipe, run) : WaitFor(args);

    private static int Act(string[] args, string pipe, Func<string[], int> run)
    {
        using var report = new AnonymousPipeClientStream(PipeDirection.Out, pipe);
        var status = run(args);
        // All has been said; who reads it is not to wait for the end of this process either.
        using var nowhere = Descriptor.Open("/dev/null", Libc.O_WRONLY, out _);
        if (nowhere is not null && Libc.dup2(nowhere.Number, 1) >= 0)
            Libc.dup2(nowhere.Number, 2);
        try
        {
            report.WriteByte((byte)status);
        }
        catch (IOException)
        {
            // Who waited for it was killed.
        }

        return status;
    }

    private static int WaitFor(string[] args)
    {
        // Not disposed of: that would wait for the read below, which ends with the other process, and this one may end before.
#pragma warning disable CA2000 // As said above.
        var report = new AnonymousPipeServerStream(PipeDirection.In, HandleInheritability.Inheritable);
#pragma warning restore CA2000
        var start = new ProcessStartInfo(Environment.ProcessPath!, [.. args, ReportTo, report.GetClientHandleAsString()])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        using var acting = Process.Start(start)!;
        report.DisposeLocalCopyOfClientHandle();
        var signals = 0;
        using var enough = new ManualResetEventSlim();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Forward);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Forward);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Forward);
        OutputRelay[] outputs =
        [
            new(acting.StandardOutput.BaseStream, Console.OpenStandardOutput()),
            new(acting.StandardError.BaseStream, Console.OpenStandardError()),
        ];
        // What it has started may hold the pipe longer than it lives. None of this takes a thread of the runtime's pool, in which signals are handled:
        // where the processors are busy, the pool gets no more threads for many seconds.
        var status = OwnThread.Start(report.ReadByte);
        var end = acting.WaitForExitAsync();
        if (Task.WaitAny(status, end, OwnThread.Start(() => enough.Wait(Timeout.Infinite))) == 2)
            return Terminal.Fail($"not waited for: process {acting.Id} ends or undoes what it has begun when the kernel lets it");
        // All has been said to the pipes by now; who still waits for the kernel keeps them open. A verb that only looks has no other result.
        var onlyLooks = args is ["doctor" or "metrics", ..];
        long passed = 0;
        while (!Task.WaitAll([.. outputs.Select(output => output.End)], LastWords) && onlyLooks && !enough.IsSet && outputs[0].HasMoved(ref passed))
        {
        }

        if (onlyLooks && outputs[0].HasFailed)
            return Terminal.Fail("its output cannot be written");
        if (status is { IsCompleted: true, Result: >= 0 })
            return status.Result;
        end.Wait();
        return acting.ExitCode;

        // Who acts ends or undoes what it has begun, and that is waited for, until somebody asks again.
        void Forward(PosixSignalContext signal)
        {
            signal.Cancel = true;
            Libc.kill(acting.Id, Sigterm);
            if (Interlocked.Increment(ref signals) > 1)
                enough.Set();
        }
    }
}
