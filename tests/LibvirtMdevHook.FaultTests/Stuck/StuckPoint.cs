using System.Diagnostics;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.SystemTests.Binaries;
using LibvirtMdevHook.SystemTests.Lab;
using NUnit.Framework;

namespace LibvirtMdevHook.FaultTests.Stuck;

/// <summary>One operation that meets one obstacle in one dialect: it ends in time, and what its killed worker left is finished by the next.</summary>
/// <param name="ByReconcile">virt-mdev finishes what is left; otherwise the next start of the domain.</param>
internal sealed record StuckPoint(StuckDialect Dialect, StuckOperation Operation, Obstacle Obstacle, bool ByReconcile)
{
    /// <summary>A slow machine is late now and then, a deadline that does not hold is late each time.</summary>
    private const int Tries = 4;

    /// <summary>More than the longest write takes.</summary>
    private static readonly TimeSpan KernelTime = TimeSpan.FromSeconds(45);

    private static readonly TimeSpan LockTime = TimeSpan.FromSeconds(2);

    public override string ToString() =>
        $"{Operation.Name} and {Obstacle.Name}, {Dialect.HostFile}, then {(ByReconcile ? "reconcile" : "another start")}";

    public void Try()
    {
        var times = new List<TimeSpan>();
        do
        {
            times.Add(Once());
        }
        while (times[^1] > Operation.Limit && times.Count < Tries);
        Assert.That(times[^1], Is.LessThanOrEqualTo(Operation.Limit), $"after {string.Join(", ", times)}");
    }

    private TimeSpan Once()
    {
        using var host = new HookedHost(Dialect.HostFile, StuckOperation.Configuration);
        var domain = Dialect.Domain();
        foreach (var operation in Operation.Before)
            host.Call(operation, domain).IsGood(operation);
        if (Obstacle.Fault(Dialect) is { } fault)
            host.Host.Control(fault);
        var holder = Obstacle.Lock is { } place ? new LockHolder(host.InRoot($"run/libvirt-mdev/{place(domain)}"), Obstacle.Signal) : null;
        HookRun run;
        IReadOnlyList<int> workers;
        using (holder)
        {
            var call = host.Begin(Operation.Name, domain);
            if (Obstacle.StopsWorker)
                StopWorker(call);
            run = call.End();
            Check(run);
            LetsGo(host);
            workers = host.Workers;
            foreach (var worker in workers)
                Processes.Signal("KILL", worker);
        }

        host.Host.Control("clear");
        Assert.That(Deadline.After(KernelTime).Wait(() => workers.All(Processes.IsOver)), "a killed worker does not end");
        Finish(host, domain);
        return run.Time;
    }

    private static void StopWorker(HookProcess call)
    {
        var begin = Stopwatch.GetTimestamp();
        int? worker = null;
        while (!call.HasEnded && ((worker = Processes.ChildOf(call.Id)) is not { } child || !Processes.Runs(child, SourceTree.VirtMdev)) && Stopwatch.GetElapsedTime(begin) < LockTime)
            Thread.Sleep(1);
        if (worker is { } found)
            Processes.Signal("STOP", found);
    }

    private void Check(HookRun run)
    {
        if (Obstacle.IsKilled || (Operation.MayRefuse && run.Status == 0))
            Assert.That((run.Status, run.Errors), Is.EqualTo((0, "")));
        else if (Operation.MayRefuse)
            run.IsRefused("'win10'");
        else
            run.IsGood();
        if (Operation.Name == "prepare" && Obstacle.StopsPrepare && !Obstacle.StopsWorker)
            Assert.That(run.Status, Is.EqualTo(1), "a prepare that met it cannot be good");
    }

    /// <summary>No worker that is left has a pipe of libvirtd's, or keeps the host's lock.</summary>
    private void LetsGo(HookedHost host)
    {
        foreach (var worker in host.Workers)
        {
            Assert.That(Files(worker), Has.None.StartsWith("pipe:"));
            if (Obstacle.StopsWorker)
                continue;
            var locked = host.InRoot("run/libvirt-mdev/lock");
            var begin = Stopwatch.GetTimestamp();
            while (Files(worker).Contains(locked) && Stopwatch.GetElapsedTime(begin) < LockTime)
                Thread.Sleep(5);
            Assert.That(Stopwatch.GetElapsedTime(begin), Is.LessThan(LockTime), "a worker keeps the host's lock while it waits");
        }

        static IReadOnlyList<string> Files(int worker)
        {
            try
            {
                return Processes.Files(worker);
            }
            catch (IOException)
            {
                // It has ended meanwhile.
                return [];
            }
        }
    }

    private void Finish(HookedHost host, DeclaringDomain domain)
    {
        using var virsh = new FakeVirsh();
        if (ByReconcile)
        {
            virsh.VirtMdev(host, "reconcile", "--apply").Expected("reconcile");
        }
        else
        {
            host.Start(domain);
            host.Stop(domain);
        }

        host.WaitForWorkers();
        Assert.That(host.Host.Tree(), Is.EqualTo(host.Before), host.LastOfLog);
        // What is reserved for a domain that may be coming here ends with its minute.
        Assert.That(host.Kept().Where(file => file != "lock" && file != $"reserved/{domain.Uuid}.xml"), Is.Empty, host.LastOfLog);
    }
}
