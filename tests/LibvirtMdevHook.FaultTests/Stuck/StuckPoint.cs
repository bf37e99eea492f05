using LibvirtMdevHook.Linux;
using LibvirtMdevHook.SystemTests.Binaries;
using NUnit.Framework;

namespace LibvirtMdevHook.FaultTests.Stuck;

/// <summary>
/// One operation that meets one obstacle in one dialect: it ends in time, and the next one finishes what its killed worker left.
/// </summary>
/// <param name="ByReconcile">virt-mdev finishes; otherwise the next start of the domain does.</param>
internal sealed record StuckPoint(StuckDialect Dialect, StuckOperation Operation, Obstacle Obstacle, bool ByReconcile)
{
    /// <summary>Longer than any write takes.</summary>
    private static readonly TimeSpan KernelTime = TimeSpan.FromSeconds(45);

    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(5);

    /// <summary>Two signals that arrive at once count as one.</summary>
    private static readonly TimeSpan SignalTime = TimeSpan.FromMilliseconds(500);

    public override string ToString() =>
        $"{Operation.Name} and {Obstacle.Name}, {Dialect.HostFile}, then {(ByReconcile ? "reconcile" : "another start")}";

    /// <summary>The obstacle stays until the operation has ended: what does not end by itself does not end.</summary>
    public void Try(Punctuality punctuality)
    {
        using var host = new StuckHost(Dialect, Operation);
        if (Obstacle.Fault(Dialect) is { } fault)
            host.Hooked.Host.Control(fault);
        HookRun run;
        IReadOnlyList<int> left;
        Pressure pressure;
        using (Obstacle.Lock is { } place
            ? new LockHolder(host.Hooked.InRoot($"run/libvirt-mdev/{place(host.Domain)}"), Obstacle.Signal) : null)
        {
            var before = Pressure.Now();
            var call = host.Begin(Operation);
            var acting = Operation.IsVerb || Obstacle.StopsWorker ? WorkerOf(call) : null;
            if (Obstacle.StopsWorker && acting is { } worker)
                Stop(worker, call);
            run = call.End();
            pressure = Pressure.Now().Since(before);
            Check(run);
            left = host.Left(acting);
            foreach (var process in left)
                new LeftProcess(process).MustHaveLetGo(host.Hooked.InRoot("run/libvirt-mdev/lock"), isHooks: !Operation.IsVerb,
                    isStopped: Obstacle.StopsWorker);
            foreach (var process in left)
                ProcessTable.Signal("KILL", process);
        }

        host.Hooked.Host.Control("clear");
        Assert.That(Deadline.After(KernelTime).Wait(() => left.All(ProcessTable.IsOver)), "a killed worker does not end");
        if (ByReconcile)
            host.Reconcile();
        else
            host.StartAgain(isRunning: Operation.Guest is not null);
        host.MustBeClean();
        punctuality.Add(this, run.Time, pressure);
    }

    /// <returns>The process that acts for the call, as soon as it runs; null when the call has ended before.</returns>
    private static int? WorkerOf(HookProcess call)
    {
        int? worker = null;
        var isThere = Deadline.After(StartTime)
            .Wait(() => call.HasEnded || ((worker = ProcessTable.ChildOf(call.Id)) is { } child && ProcessTable.IsActing(child)));
        return isThere && !call.HasEnded ? worker : null;
    }

    private void Stop(int worker, HookProcess call)
    {
        ProcessTable.Signal("STOP", worker);
        // A person who waits at a terminal for a stopped process may give up. Only that ends the call.
        if (!Operation.IsVerb)
            return;
        Deadline.After(StartTime).Wait(() => call.HasEnded || ProcessTable.Catches(call.Id, signal: 1));
        ProcessTable.Signal("HUP", call.Id);
        Thread.Sleep(SignalTime);
        ProcessTable.Signal("HUP", call.Id);
    }

    private void Check(HookRun run)
    {
        if (Operation.IsVerb)
            CheckVerb(run);
        else if (Obstacle.IsKilled || (Operation.MayRefuse && run.Status == 0))
            Assert.That((run.Status, run.Errors), Is.EqualTo((0, "")));
        else if (Operation.MayRefuse)
            run.MustBeRefused("'win10'");
        else
            run.MustBeGood();
        if (Obstacle.Forbids(Operation))
            Assert.That(run.Status, Is.EqualTo(1), "it met it and cannot be good");
    }

    /// <summary>Besides what it waits for, it prints one sentence when something is wrong; reconcile prints that in its list.</summary>
    private void CheckVerb(HookRun run)
    {
        Assert.That(run.Status, Obstacle.IsKilled && !Operation.OnlyLooks ? Is.Zero : Is.Zero.Or.EqualTo(1), run.Errors);
        var lines = run.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(lines, Is.All.StartsWith("virt-mdev: "));
        if (Operation.OnlyLooks)
            return;
        var isListed = run.Output.Contains("; left alone: ", StringComparison.Ordinal);
        Assert.That(lines.Count(line => !line.EndsWith(" ...", StringComparison.Ordinal)), Is.EqualTo(run.Status == 0 || isListed ? 0 : 1),
            run.Errors + run.Output);
    }
}
