using System.Diagnostics;
using System.IO.Pipes;
using System.Runtime.InteropServices;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Cli;

/// <summary>
/// A verb that writes to sysfs runs in a process of its own. A write that the kernel does not answer keeps its process from ending, not even
/// SIGKILL does; nobody's terminal is to wait for that.
/// </summary>
internal static class ActingProcess
{
    private const string ReportTo = "--report-to";
    private const int Sigterm = 15;

    /// <summary>Whether the arguments are of such a verb.</summary>
    public static bool IsFor(string[] args) => args is ["attach" or "detach" or "reconcile", ..];

    /// <returns>The exit status of the verb, as soon as it has done what it can do.</returns>
    public static int Run(string[] args, Func<string[], int> run) => args is [.. var own, ReportTo, var pipe] ? Act(own, pipe, run) : WaitFor(args);

    private static int Act(string[] args, string pipe, Func<string[], int> run)
    {
        using var report = new AnonymousPipeClientStream(PipeDirection.Out, pipe);
        var status = run(args);
        report.WriteByte((byte)status);
        return status;
    }

    private static int WaitFor(string[] args)
    {
        using var report = new AnonymousPipeServerStream(PipeDirection.In, HandleInheritability.Inheritable);
        using var acting = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [.. args, ReportTo, report.GetClientHandleAsString()]))!;
        report.DisposeLocalCopyOfClientHandle();
        // A terminal sends them to both; who acts ends or undoes what it has begun, and that is waited for.
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => signal.Cancel = true);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal => signal.Cancel = true);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
        {
            signal.Cancel = true;
            Libc.kill(acting.Id, Sigterm);
        });
        // What it has started may hold the pipe longer than it lives.
        var status = Task.Run(report.ReadByte);
        Task.WaitAny(status, acting.WaitForExitAsync());
        return status is { IsCompleted: true, Result: >= 0 } ? status.Result : acting.ExitCode;
    }
}
