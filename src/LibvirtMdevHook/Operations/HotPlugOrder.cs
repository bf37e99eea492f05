using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Operations;

/// <summary>What a person asks of attach or detach.</summary>
/// <param name="Domain">A name, a uuid or an id, as virsh takes it.</param>
/// <param name="Persistent">The domain as it is defined, for its next start, is changed too.</param>
/// <param name="Deadline">When waiting for the driver, for other operations and for the guest ends.</param>
/// <param name="IsBrokenOff">Whether the person has thought better of it.</param>
internal sealed record HotPlugOrder(string Domain, PlugWish Wish, bool Persistent, Deadline Deadline, Func<bool> IsBrokenOff)
{
    public DeviceId Device => Wish.Device;
}
