using LibvirtMdevHook.Settings;

namespace LibvirtMdevHook.HookOperations;

/// <summary>
/// The operations of libvirt's qemu hook (libvirt.org/hooks.html) and what each of them may do. A
/// non-zero exit refuses a start, a migration to this host or a restore; at reconnect it kills the
/// running guest; elsewhere it is ignored. restore never refuses: libvirt 11.3 deletes a managed
/// save whose restore hook fails, and says that the domain was started. prepare follows, and
/// refuses with the saved state kept.
/// </summary>
/// <param name="MayRefuse">A non-zero exit is ours to give.</param>
/// <param name="Trigger">What makes the operation ours.</param>
/// <param name="NeedsXml">The worker is handed the domain XML.</param>
/// <param name="Budget">The time libvirtd waits for us at most.</param>
internal sealed record HookOperation(string Name, bool MayRefuse, Trigger Trigger, bool NeedsXml, Func<HostSettings, TimeSpan> Budget)
{
    public static readonly HookOperation Prepare = new("prepare", true, Trigger.Declaration, true, s => s.PrepareDeadline);
    public static readonly HookOperation Start = new("start", true, Trigger.Record, true, s => s.StartDeadline);
    public static readonly HookOperation Migrate = new("migrate", true, Trigger.Declaration, true, s => s.MigrateDeadline);
    public static readonly HookOperation Restore = new("restore", false, Trigger.Declaration, true, s => s.MigrateDeadline);
    public static readonly HookOperation Started = new("started", false, Trigger.Record, false, s => s.ReleaseDeadline);
    public static readonly HookOperation Stopped = new("stopped", false, Trigger.Record, false, s => s.ReleaseDeadline);
    public static readonly HookOperation Release = new("release", false, Trigger.Record, false, s => s.ReleaseDeadline);
    public static readonly HookOperation Reconnect = new("reconnect", false, Trigger.Record, false, s => s.ReleaseDeadline);
    public static readonly HookOperation Attach = new("attach", false, Trigger.Record, false, s => s.ReleaseDeadline);

    /// <summary>None of our business: others may come.</summary>
    public static readonly HookOperation None = new("none", false, Trigger.None, false, s => s.ReleaseDeadline);

    private static readonly HookOperation[] All = [Prepare, Start, Migrate, Restore, Started, Stopped, Release, Reconnect, Attach];

    /// <returns>Null for an operation that is none of our business.</returns>
    public static HookOperation? Find(string name) => Array.Find(All, operation => operation.Name == name);
}

/// <summary>What makes an operation ours.</summary>
internal enum Trigger
{
    None,

    /// <summary>The domain XML speaks of our namespace.</summary>
    Declaration,

    /// <summary>The domain has a record: its XML may have lost the declaration since.</summary>
    Record,
}
