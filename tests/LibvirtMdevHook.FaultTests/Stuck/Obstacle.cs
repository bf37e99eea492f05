using LibvirtMdevHook.SystemTests.Binaries;

namespace LibvirtMdevHook.FaultTests.Stuck;

/// <summary>Something that does not answer in time, or at all.</summary>
/// <param name="Name">What it is, for the report.</param>
/// <param name="Fault">The simulator's fault; null if there is none in this dialect.</param>
/// <param name="Lock">The file below the root that a stopped or killed process has locked; null if there is none.</param>
/// <param name="StopsWorker">Stops the worker as soon as it runs.</param>
/// <param name="Stops">The operations that cannot succeed when they meet it, not even by another way.</param>
internal sealed record Obstacle(
    string Name, Func<StuckDialect, string?> Fault, Func<DeclaringDomain, string>? Lock = null, string Signal = "STOP",
    bool StopsWorker = false, params string[] Stops)
{
    private const string Attach = "virt-mdev attach", Detach = "virt-mdev detach", Reconcile = "virt-mdev reconcile";

    public static readonly Obstacle[] All =
    [
        new("a removal that never ends", dialect => $"fault hang op=write path={dialect.Removal}", Stops: ["prepare", Detach, Reconcile]),
        new("a create that takes 30 s", dialect => $"fault delay=30s op=write path={dialect.Creation}", Stops: ["prepare", Attach]),
        new("a read of types that never ends", dialect => $"fault hang op=read path={dialect.Types}", Stops: ["prepare", Attach]),
        new("an open of types that never ends", dialect => $"fault hang op=open path={dialect.Types}", Stops: ["prepare", Attach]),
        new("a read of a state that never ends", dialect => ReadOfState(dialect, "read"), Stops: ["prepare", "start", Detach, Reconcile]),
        new("an open of a state that never ends", dialect => ReadOfState(dialect, "open"), Stops: ["prepare", "start", Detach, Reconcile]),
        new("an online that never changes", dialect => dialect.HasOnline ? "fault ignore op=write path=**/online" : null,
            Stops: [Attach, Detach, Reconcile]),
        new("a stopped holder of the record's lock", _ => null, RecordLock, Stops: ["prepare", Attach, Detach, Reconcile]),
        new("a killed holder of the record's lock", _ => null, RecordLock, "KILL"),
        new("a stopped holder of the host's lock", _ => null, _ => "lock", Stops: ["prepare", Attach]),
        new("a killed holder of the host's lock", _ => null, _ => "lock", "KILL"),
        new("a stopped holder of the removal's lock", _ => null, RemovalLock, Stops: [Detach, Reconcile]),
        new("a killed holder of the removal's lock", _ => null, RemovalLock, "KILL"),
        new("a stopped worker", _ => null, StopsWorker: true, Stops: [Attach, Detach, Reconcile]),
    ];

    public bool IsKilled => Signal == "KILL";

    public bool IsIn(StuckDialect dialect) => Lock is not null || StopsWorker || Fault(dialect) is not null;

    public bool Forbids(StuckOperation operation) => Stops.Contains(operation.Name);

    private static string? ReadOfState(StuckDialect dialect, string operation) =>
        dialect.State is { } state ? $"fault hang op={operation} path={state}" : null;

    private static string RecordLock(DeclaringDomain domain) => $"domains/{domain.Uuid}.lock";

    private static string RemovalLock(DeclaringDomain domain) => $"removing/{domain.Vgpus[0].Id}.lock";
}
