using LibvirtMdevHook.Linux;
using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.FaultTests.Sweeps;

/// <summary>One worker that stands still at a point, while its domain begins another life.</summary>
internal sealed class FrozenWorker(SweptHost host, Subject subject, Point point)
{
    public const string HookIsKilled = "the hook is killed";
    public const string HookWaits = "the hook waits on";

    public static readonly string[] Ways = [HookIsKilled, HookWaits];

    private const int Continue = 18;
    private const int MaximumTimes = 5;

    /// <summary>The number of waits differs from run to run, so that the call may not occur: then the run was a clean one.</summary>
    public void Run()
    {
        for (var times = 1; !IsMet(); times++)
        {
            Assert.That(times, Is.LessThan(MaximumTimes), "the point was not met");
            subject.Clear();
        }
    }

    private bool IsMet()
    {
        subject.Arrange();
        var call = host.Begin(
            subject.Operation, subject.Domain,
            Tracing.At(Traced.Worker, point.Call, point.What, point.Call.PathIn(host.Root, host.Groups)));
        Wait.Until(() => HasStopped() || (call.HasEnded && host.Workers.Count == 0), () => "the worker neither stops nor ends.");
        host.TraceNoMore();
        if (!HasStopped())
        {
            host.WaitForWorkers();
            return false;
        }

        var worker = host.Workers.Single();
        if (point.Way == HookIsKilled)
            call.Kill();
        var next = BeginNextLife();
        Libc.kill(worker, Continue);
        host.WaitForWorkers();
        call.End();
        if (next is not null)
            Assert.That(host.LifeOf(subject.Domain), Is.EqualTo(next), "the next life of the domain has been written to");
        return true;
    }

    private bool HasStopped() =>
        File.Exists(host.Trace) && File.ReadAllText(host.Trace).Contains("--- stopped by SIGSTOP ---", StringComparison.Ordinal);

    /// <summary>What was called for the domain ends, and libvirt starts it again.</summary>
    /// <returns>What the next life has; null where it was refused, as the worker that stands still has a lock that it needs.</returns>
    private string? BeginNextLife()
    {
        if (subject.Operation is "prepare" or "start")
            CallEach("stopped", "release");
        else if (subject.Operation == "stopped")
            CallEach("release");
        string[] operations = subject.Operation switch
        {
            "migrate" => ["migrate"],
            "start" => ["prepare"],
            _ => ["prepare", "start", "started"],
        };
        return CallEach(operations) ? host.LifeOf(subject.Domain) : null;
    }

    private bool CallEach(params string[] operations)
    {
        foreach (var operation in operations)
        {
            if (host.CallBeside(operation, subject.Domain).Status != 0)
                return false;
        }

        return true;
    }
}
