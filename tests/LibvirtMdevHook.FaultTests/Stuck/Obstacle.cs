using LibvirtMdevHook.SystemTests.Binaries;

namespace LibvirtMdevHook.FaultTests.Stuck;

/// <summary>Something that does not answer, or not in time.</summary>
/// <param name="Name">What it is, for the report.</param>
/// <param name="Fault">The simulator's fault; null where there is none, or none in this dialect.</param>
/// <param name="Lock">The file below the root whose lock somebody has who is stopped or killed; null when nobody has one.</param>
/// <param name="StopsWorker">The worker is stopped as soon as it is there.</param>
/// <param name="StopsPrepare">No prepare can be good that meets it, not even by going round it.</param>
internal sealed record Obstacle(
    string Name, Func<StuckDialect, string?> Fault, Func<DeclaringDomain, string>? Lock = null, string Signal = "STOP", bool StopsWorker = false, bool StopsPrepare = true)
{
    public static readonly Obstacle[] All =
    [
        new("a removal that never ends", dialect => $"fault hang op=write path={dialect.Removal}"),
        new("a create that takes 30 s", dialect => $"fault delay=30s op=write path={dialect.Creation}"),
        new("an online that never reads 1", dialect => dialect.HasOnline ? "fault ignore op=write path=**/online" : null, StopsPrepare: false),
        new("a stopped holder of the record's lock", _ => null, RecordLock),
        new("a killed holder of the record's lock", _ => null, RecordLock, "KILL", StopsPrepare: false),
        new("a stopped holder of the host's lock", _ => null, _ => "lock"),
        new("a killed holder of the host's lock", _ => null, _ => "lock", "KILL", StopsPrepare: false),
        new("a stopped holder of the removal's lock", _ => null, RemovalLock, StopsPrepare: false),
        new("a killed holder of the removal's lock", _ => null, RemovalLock, "KILL", StopsPrepare: false),
        new("a stopped worker", _ => null, StopsWorker: true),
    ];

    public bool IsKilled => Signal == "KILL";

    private static string RecordLock(DeclaringDomain domain) => $"domains/{domain.Uuid}.lock";

    private static string RemovalLock(DeclaringDomain domain) => $"removing/{domain.Vgpus[0].Id}.lock";
}

/// <summary>A dialect, and where its writes go.</summary>
internal sealed record StuckDialect(string HostFile, string Creation, string Removal, bool HasOnline, Func<DeclaringDomain> Domain)
{
    public static readonly StuckDialect[] All =
    [
        new("m60-rfc2016.xml", "**/mdev_create", "**/mdev_destroy", true, () => DeclaringDomain.With("win10", 2, "GRID M60-4Q")),
        new("m60-mdev.xml", "**/create", "**/remove", false, () => DeclaringDomain.With("win10", 2, "GRID M60-4Q")),
        new("l40s-vf.xml", "**/current_vgpu_type", "**/current_vgpu_type", false,
            () => new DeclaringDomain("win10", Vgpu.Vf("0000:41:00.4", "NVIDIA L40S-4Q"), Vgpu.Vf("0000:41:00.5", "NVIDIA L40S-4Q"))),
    ];
}
