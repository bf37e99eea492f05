using System.ComponentModel;
using System.Diagnostics;
using System.IO.Pipes;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Cli;

/// <summary>
/// Runs a verb in a child process: a verb that writes to sysfs, or one that has to end although a
/// driver does not answer. A system call that the kernel does not answer keeps its process from
/// ending, and not even SIGKILL ends it. The terminal must not wait for such a process.
/// </summary>
internal static class ChildCommand
{
    private const string ReportTo = "--report-to";
    private const string ToTerminal = "--to-terminal";

    /// <summary>
    /// How long to wait for more output of a child that has reported its status or has ended.
    /// </summary>
    private static readonly TimeSpan OutputLimit = TimeSpan.FromSeconds(1);

    /// <summary>The verbs whose only result is their output.</summary>
    private static readonly string[] Looking = ["types", "list", "plan", "render", "doctor", "metrics"];

    /// <summary>
    /// The verbs that change something and finish or undo it when a signal comes.
    /// </summary>
    private static readonly string[] Acting = ["attach", "detach", "retarget", "reconcile"];

    /// <summary>Whether the arguments are those of such a verb.</summary>
    public static bool IsFor(string[] args) => args is [var verb, ..] && (Looking.Contains(verb) || Acting.Contains(verb));

    /// <returns>The exit status of the verb, as soon as it has done what it can do.</returns>
    public static int Run(string[] args, Func<string[], int> run) =>
        args is [.. var own, ReportTo, var pipe] ? RunAsChild(own, pipe, run) : TryRunInChild(args);

    private static int TryRunInChild(string[] args)
    {
        try
        {
            return RunInChild(args);
        }
        catch (Exception e) when (e is IOException or Win32Exception)
        {
            return Terminal.Fail($"no process can be started for '{args[0]}': {e.Message}; nothing was done");
        }
    }

    private static int RunAsChild(string[] args, string pipe, Func<string[], int> run)
    {
        using var report = new AnonymousPipeClientStream(PipeDirection.Out, pipe);
        var status = run(TakeTerminal(args));
        // All output is written. Its pipes are closed, so that their reader does not wait for the
        // end of this process either.
        using var nowhere = Descriptor.Open("/dev/null", Libc.O_WRONLY, out _);
        if (nowhere is not null && Libc.dup2(nowhere.Number, 1) >= 0)
            Libc.dup2(nowhere.Number, 2);
        try
        {
            report.WriteByte((byte)status);
        }
        catch (IOException)
        {
            // The process that waited for the status was killed.
        }

        return status;
    }

    /// <returns>The arguments without what the parent process says of its terminal.</returns>
    private static string[] TakeTerminal(string[] args)
    {
        (Output.IsTerminal, Output.Width) = (false, null);
        if (args is not [.. var own, ToTerminal, var width])
            return args;
        (Output.IsTerminal, Output.Width) = (true, TerminalWidth.Parse(width));
        return own;
    }

    private static int RunInChild(string[] args)
    {
        // Not disposed of: that would wait for the read below, which ends with the child, and this
        // process may end before the child.
#pragma warning disable CA2000 // As said above.
        var report = new AnonymousPipeServerStream(PipeDirection.In, HandleInheritability.Inheritable);
#pragma warning restore CA2000
        string[] terminal = Output.IsTerminal ? [ToTerminal, $"{Output.Width}"] : [];
        string[] arguments = [.. args, .. terminal, ReportTo, report.GetClientHandleAsString()];
        var start = new ProcessStartInfo(Environment.ProcessPath!, arguments)
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        using var child = Process.Start(start)!;
        report.DisposeLocalCopyOfClientHandle();
        var onlyLooks = Looking.Contains(args[0]);
        using var signals = new SignalRelay(child.Id, enough: onlyLooks ? 1 : 2);
        OutputRelay[] outputs =
        [
            new(child.StandardOutput.BaseStream, Console.OpenStandardOutput()),
            new(child.StandardError.BaseStream, Console.OpenStandardError()),
        ];
        // A process that the child has started may hold the pipe longer than the child lives, so
        // the child's end is waited for, too. None of the waits takes a thread of the runtime's
        // pool, which handles the signals: with busy processors the pool gets no more threads for
        // many seconds.
        var status = OwnThread.Start(report.ReadByte);
        var end = child.WaitForExitAsync();
        var lastSignal = OwnThread.Start(signals.WaitForEnough);
        if (Task.WaitAny(status, end, lastSignal) == 2)
            return StopWaiting(child, end, onlyLooks);
        WaitForOutput(outputs, signals, untilItStops: onlyLooks);
        if (onlyLooks && outputs[0].HasFailed)
            return Terminal.Fail("its output cannot be written");
        if (status is { IsCompleted: true, Result: >= 0 })
            return status.Result;
        end.Wait();
        return child.ExitCode;
    }

    /// <summary>
    /// A child that only looks ends by the signal, unless it waits for the kernel.
    /// </summary>
    private static int StopWaiting(Process child, Task end, bool onlyLooks)
    {
        if (onlyLooks && end.Wait(OutputLimit))
            return child.ExitCode;
        var rest = onlyLooks ? "ends" : "finishes or undoes what it has begun";
        return Terminal.Fail($"stopped waiting; process {child.Id} {rest} as soon as the kernel answers");
    }

    /// <summary>
    /// The child has written all of its output. A process that still waits for the kernel may keep
    /// the pipes open, so there is a limit.
    /// </summary>
    /// <param name="untilItStops">Goes on past the limit while output still comes.</param>
    private static void WaitForOutput(OutputRelay[] outputs, SignalRelay signals, bool untilItStops)
    {
        Task[] ends = [.. outputs.Select(output => output.End)];
        while (!Task.WaitAll(ends, OutputLimit))
        {
            if (!untilItStops || signals.HasEnough || !outputs[0].HasMoved())
                return;
        }
    }
}
