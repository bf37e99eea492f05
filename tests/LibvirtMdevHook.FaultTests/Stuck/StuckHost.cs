using LibvirtMdevHook.SystemTests.Binaries;
using NUnit.Framework;

namespace LibvirtMdevHook.FaultTests.Stuck;

/// <summary>A simulated host with devices of others, and with the domain that will be stuck, as its operation finds it.</summary>
internal sealed class StuckHost : IDisposable
{
    private readonly FakeVirsh _virsh = new();
    private readonly Bystanders _others;
    private readonly string _tree;
    private readonly string[] _kept;

    public StuckHost(StuckDialect dialect, StuckOperation operation)
    {
        Hooked = new HookedHost(dialect.HostFile, StuckOperation.Configuration);
        _others = new Bystanders(Hooked, dialect.Neighbour, dialect.Foreign);
        _virsh.Run(dialect.Neighbour);
        (_tree, _kept) = (Hooked.Host.Tree(), [.. Hooked.Kept()]);
        Domain = dialect.Domain();
        foreach (var earlier in operation.Before)
            Hooked.Call(earlier, Domain).MustBeGood(earlier);
        if (operation.Guest is { } guest)
            _virsh.Run(guest(Domain));
    }

    public HookedHost Hooked { get; }

    public DeclaringDomain Domain { get; }

    /// <summary>
    /// The processes that are left when the caller has ended, including one that has ended itself except for a write that the kernel has
    /// not answered.
    /// </summary>
    public IReadOnlyList<int> Left(int? acting) =>
        [.. ProcessTable.Acting(Hooked.Host.Root),
            .. acting is { } process && !ProcessTable.IsOver(process) && !ProcessTable.IsActing(process) ? [process] : (int[])[]];

    public HookProcess Begin(StuckOperation operation) => operation.Arguments is { } arguments
        ? _virsh.BeginVirtMdev(Hooked, arguments(Domain))
        : Hooked.Begin(operation.Name, Domain);

    /// <summary>virt-mdev cleans up: while the domain runs, if it does, and after its end.</summary>
    public void Reconcile()
    {
        _virsh.VirtMdev(Hooked, "reconcile", "--apply").Expected("reconcile");
        _virsh.End(Domain.Uuid);
        _virsh.VirtMdev(Hooked, "reconcile", "--apply").Expected("reconcile after the end of the domain");
    }

    /// <summary>Ends the domain if it runs, starts it again, and ends it.</summary>
    public void StartAgain(bool isRunning)
    {
        if (isRunning)
            Hooked.Stop(Domain);
        _virsh.End(Domain.Uuid);
        Hooked.Start(Domain);
        Hooked.Stop(Domain);
    }

    /// <summary>Fails if anything is left of the domain, or if the devices of others were written to.</summary>
    public void MustBeClean()
    {
        Hooked.WaitForWorkers();
        Assert.That(Hooked.Host.Tree(), Is.EqualTo(_tree), Hooked.LastOfLog);
        // A reservation for a domain that may be migrating in ends with its minute.
        Assert.That(
            Hooked.Kept().Except(_kept)
                .Where(file => file != $"reserved/{Domain.Uuid}.xml" && !file.StartsWith("hotplug/", StringComparison.Ordinal)
                    && !file.StartsWith("silent/", StringComparison.Ordinal)),
            Is.Empty, Hooked.LastOfLog);
        _others.MustBeUntouched();
    }

    public void Dispose()
    {
        foreach (var process in ProcessTable.Acting(Hooked.Host.Root))
            ProcessTable.Signal("KILL", process);
        Hooked.Dispose();
        _virsh.Dispose();
    }
}
