using LibvirtMdevHook.SystemTests.Binaries;
using NUnit.Framework;

namespace LibvirtMdevHook.FaultTests.Stuck;

/// <summary>A simulated host on which others have devices, with the domain that is to be stuck as its operation finds it.</summary>
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
    /// Those who are left when who was called has ended: also one that has ended itself but for a write that the kernel has not answered.
    /// </summary>
    public IReadOnlyList<int> Left(int? acting) =>
        [.. ProcessTable.Acting(Hooked.Host.Root),
            .. acting is { } process && !ProcessTable.IsOver(process) && !ProcessTable.IsActing(process) ? [process] : (int[])[]];

    public HookProcess Begin(StuckOperation operation) => operation.Arguments is { } arguments
        ? _virsh.BeginVirtMdev(Hooked, arguments(Domain))
        : Hooked.Begin(operation.Name, Domain);

    /// <summary>What is left is cleaned up by virt-mdev, while the domain runs, where it does, and after its end.</summary>
    public void Reconcile()
    {
        _virsh.VirtMdev(Hooked, "reconcile", "--apply").Expected("reconcile");
        _virsh.End(Domain.Uuid);
        _virsh.VirtMdev(Hooked, "reconcile", "--apply").Expected("reconcile after the end of the domain");
    }

    /// <summary>The domain ends, where it runs, starts again, and ends.</summary>
    public void StartAgain(bool isRunning)
    {
        if (isRunning)
            Hooked.Stop(Domain);
        _virsh.End(Domain.Uuid);
        Hooked.Start(Domain);
        Hooked.Stop(Domain);
    }

    /// <summary>Nothing is left of the domain, and nobody has touched what others have.</summary>
    public void MustBeClean()
    {
        Hooked.WaitForWorkers();
        Assert.That(Hooked.Host.Tree(), Is.EqualTo(_tree), Hooked.LastOfLog);
        // What is reserved for a domain that may be coming here ends with its minute.
        Assert.That(
            Hooked.Kept().Except(_kept)
                .Where(file => file != $"reserved/{Domain.Uuid}.xml" && !file.StartsWith("hotplug/", StringComparison.Ordinal)),
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
