using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Records;

/// <summary>The claims of one domain, saved in /run/libvirt-mdev.</summary>
/// <param name="Domain">The domain's uuid, by which everything is keyed.</param>
/// <param name="Name">The domain's name, unchecked text for messages.</param>
/// <param name="Boot">The boot of the host that it belongs to.</param>
/// <param name="Generation">
/// The call of libvirt that it was planned for, and one nanosecond more for each further plan of
/// that call; for a command, when it was planned. It tells one life of a domain from the next.
/// </param>
/// <param name="Expires">
/// When a reservation for a domain that may be coming here counts for nothing any more, on the
/// clock that setting the time of day does not move; null for what a domain has.
/// </param>
internal sealed record Record(
    Guid Domain,
    string Name,
    string Boot,
    Moment Generation,
    Phase Phase,
    ImmutableArray<Claim> Claims,
    Deadline? Expires = null)
{
    /// <summary>
    /// Whether it was planned after a call of libvirt: then it is of a life of the domain of which
    /// that call knows nothing.
    /// </summary>
    public bool IsYoungerThan(Moment call) => Generation.IsAfter(call);

    public Record With(Claim claim) =>
        this with { Claims = [.. Claims.Select(c => c.Device == claim.Device ? claim : c)] };

    public Record Plus(Claim claim) => this with { Claims = Claims.Add(claim) };

    public Record Without(Claim claim) => this with { Claims = Claims.RemoveAll(c => c.Device == claim.Device) };

    public Claim? Find(DeviceId device) => Claims.FirstOrDefault(c => c.Device == device);

    /// <summary>What is kept of one claim while its device is being taken down.</summary>
    public Record RemovalOf(Claim claim) => this with { Claims = [claim with { Stage = Stage.Leaving }] };
}

/// <summary>Which hook operation the domain has come to.</summary>
internal enum Phase
{
    Preparing,
    Prepared,

    /// <summary>libvirt is about to run QEMU: from here on QEMU may hold the devices.</summary>
    Starting,

    Started,
    Stopped,
}
