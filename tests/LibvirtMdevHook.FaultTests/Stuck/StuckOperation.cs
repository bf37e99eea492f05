namespace LibvirtMdevHook.FaultTests.Stuck;

/// <summary>An operation of the hook, and how long libvirtd may have to wait for it.</summary>
/// <param name="Before">The operations of the domain that were good before.</param>
/// <param name="Limit">Its deadline of <see cref="Configuration"/>, with what it takes to start and end two programs.</param>
internal sealed record StuckOperation(string Name, string[] Before, TimeSpan Limit, bool MayRefuse)
{
    public const string Configuration = "prepare_deadline = 3\nmigrate_deadline = 2\nstart_deadline = 2\nrelease_deadline = 0.4\nremoval_grace = 0";

    private static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(2.5);
    private static readonly string[] Running = ["prepare", "start", "started"];

    public static readonly StuckOperation[] All =
    [
        // An earlier run of the domain has left its devices, so that it has to remove, too.
        new("prepare", ["prepare"], TimeSpan.FromSeconds(3.5), true),
        new("start", ["prepare"], Soon, true),
        new("started", ["prepare", "start"], AtOnce, false),
        new("reconnect", Running, AtOnce, false),
        new("attach", Running, AtOnce, false),
        new("stopped", Running, AtOnce, false),
        new("release", [.. Running, "stopped"], AtOnce, false),
        new("migrate", [], Soon, true),
        new("restore", [], Soon, true),
    ];
}
