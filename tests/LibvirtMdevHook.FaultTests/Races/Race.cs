using System.Collections.Concurrent;
using LibvirtMdevHook.SystemTests.Binaries;

namespace LibvirtMdevHook.FaultTests.Races;

/// <summary>Runs a schedule: each group of domains has a thread of its own, each call is a process.</summary>
internal sealed class Race(Schedule schedule, HookedHost host)
{
    private readonly RaceJournal _journal = new(host.Host.LogFile);
    private readonly ConcurrentQueue<string> _troubles = [];
    private readonly ConcurrentQueue<Task> _beside = [];
    private readonly ConcurrentDictionary<Guid, FrozenProcess> _frozen = [];
    private int _calls;
    private int _starts;

    public int Calls => _calls;

    /// <summary>How many domains came to run.</summary>
    public int Starts => _starts;

    /// <returns>What was wrong.</returns>
    public IReadOnlyList<string> Run()
    {
        using var virsh = new FakeVirsh();
        var strangers = new Strangers(host, _journal);
        var actors = schedule.Groups.Select(group => OnThread(() => Live(group, strangers, virsh)))
            .Concat(schedule.Reconciles.Select(at => OnThread(() => Reconcile(virsh, at)))).ToArray();
        Task.WaitAll(actors);
        foreach (var process in _frozen.Values)
            process.LetGo();
        Task.WaitAll([.. _beside]);
        Try("the end", () => ClearUp(virsh, strangers));
        return [.. Invariants.Check(_journal.Story()).Distinct(), .. _troubles];
    }

    private void Live(Group group, Strangers strangers, FakeVirsh virsh)
    {
        foreach (var together in group.Lives)
        {
            Thread.Sleep(together[0].Pause);
            Task.WaitAll([.. together.Select(life => OnThread(() => Try(
                schedule.Domains[life.Domain].Name,
                () => new DomainLife(schedule, life, host, _journal, strangers, virsh, this).Run())))]);
        }
    }

    public void Called() => Interlocked.Increment(ref _calls);

    /// <summary>Lets a process stand still beside the calls of its domain.</summary>
    public void Freeze(Guid domain, FrozenProcess process)
    {
        _frozen[domain] = process;
        _beside.Enqueue(OnThread(() => Try($"what stood still for {domain}", process.Run)));
    }

    /// <returns>What stands still since an earlier call of the domain; null where nothing does.</returns>
    public FrozenProcess? TakeFrozen(Guid domain) => _frozen.TryRemove(domain, out var process) ? process : null;

    public void Started() => Interlocked.Increment(ref _starts);

    private void Reconcile(FakeVirsh virsh, int at)
    {
        Thread.Sleep(at);
        Try("reconcile", () => Check(virsh.VirtMdev(host, "reconcile", "--apply")));

        // A status of 1 says that a device was left alone: it is held, or another worker is busy with it.
        static void Check(SystemTests.Lab.Outcome outcome)
        {
            if (outcome.Status > 1 || outcome.Errors.Contains("Exception", StringComparison.Ordinal)
                || outcome.Errors.Contains("no verdict", StringComparison.Ordinal))
                throw new InvalidOperationException($"reconcile ended with {outcome}");
        }
    }

    /// <summary>No domain runs and no process holds a device: everything that was made has to go.</summary>
    private void ClearUp(FakeVirsh virsh, Strangers strangers)
    {
        host.WaitForWorkers();
        strangers.LeaveAll();
        virsh.VirtMdev(host, "reconcile", "--apply").Expected("the last reconcile");
        // The reservation of a domain that did not come ends when the domain starts here.
        foreach (var domain in schedule.Domains.Where(d => File.Exists(host.Reservation(d))))
        {
            host.Call("prepare", domain);
            host.Stop(domain);
        }

        host.WaitForWorkers();
        var left = host.Kept().Where(file => file != "lock" && !file.StartsWith("hotplug/", StringComparison.Ordinal)).ToArray();
        if (left.Length > 0 || host.Host.Tree() != host.Before)
            throw new InvalidOperationException($"it is not as before: {string.Join(", ", left)}\n{host.Host.State()}\n{host.LastOfLog()}");
    }

    private void Try(string what, Action action)
    {
        try
        {
            action();
        }
#pragma warning disable CA1031 // Whatever goes wrong in one of many threads is told with the seed.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _troubles.Enqueue($"{what}: {e.Message}");
        }
    }

    private static Task OnThread(Action work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
