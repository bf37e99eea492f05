using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Log;
using LibvirtMdevHook.Records;
using LibvirtMdevHook.Settings;

namespace LibvirtMdevHook.Devices;

/// <summary>What every operation works with.</summary>
internal sealed record OperationContext(Root Root, HostSettings Settings, RecordStore Records, HookLog Log)
{
    /// <summary>
    /// Why nothing could be planned, where another process keeps the host's lock.
    /// </summary>
    public string HostLockIsHeld => $"the lock '{Root.State / "lock"}' is held by another process for too long";

    /// <param name="report">
    /// Told, in a sentence, of each record that is not acted on; the log where it is null.
    /// </param>
    public static OperationContext Open(Root root, string subject, Action<string>? report = null)
    {
        var settings = HostSettings.Load(root);
        var log = new HookLog(root, settings, subject);
        return new OperationContext(root, settings, new RecordStore(root, Boot.Id(root), report ?? log.Error), log);
    }
}
