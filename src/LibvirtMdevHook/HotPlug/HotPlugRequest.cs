using LibvirtMdevHook.DomainEdits;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.HotPlug;

/// <summary>What a person asks of attach or detach.</summary>
/// <param name="Domain">A name, a uuid or an id, as virsh takes it.</param>
/// <param name="Persistent">
/// The domain as it is defined, for its next start, is changed too.
/// </param>
/// <param name="Deadline">
/// When waiting for the driver, for other operations and for the guest ends.
/// </param>
/// <param name="IsInterrupted">True once the user has interrupted the command.</param>
internal sealed record HotPlugRequest(
    string Domain, RequestedDevice Requested, bool Persistent, Deadline Deadline, Func<bool> IsInterrupted)
{
    /// <summary>
    /// When the person asked, before anything was looked at: a start or end of the domain that
    /// libvirt reports later knows of everything that is done for this request.
    /// </summary>
    public Moment Begin { get; } = Moment.Now;

    public DeviceId Device => Requested.Device;
}
