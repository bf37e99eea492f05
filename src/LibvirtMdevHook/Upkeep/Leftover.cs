using LibvirtMdevHook.Domains;

namespace LibvirtMdevHook.Upkeep;

/// <summary>What an operation left behind, or what looks like it and must not be touched.</summary>
/// <param name="Devices">Empty for a record that is not trusted, or was set aside.</param>
/// <param name="Text">What it is and why, as a sentence without its full stop.</param>
/// <param name="Reason">Why it is not cleaned up; null when it can be, or was.</param>
internal sealed record Leftover(
    LeftoverKind Kind, IReadOnlyList<DeviceId> Devices, string? DomainName, Guid? Domain, string Text, string? Reason)
{
    /// <summary>Only the record is moved; nothing is done to devices.</summary>
    public bool IsRecordAlone => Kind is LeftoverKind.Untrusted or LeftoverKind.Newer;

    /// <summary>
    /// Whether cleaning up deals with it; what was set aside stays for people to look at.
    /// </summary>
    public bool IsDealtWith => Reason is null && Kind != LeftoverKind.SetAside;
}

/// <summary>The kinds of leftovers.</summary>
internal enum LeftoverKind
{
    /// <summary>The record of a domain that libvirt calls inactive.</summary>
    Orphan,

    /// <summary>
    /// A device of a running domain that its guest does not have: an attach or a detach was broken
    /// off.
    /// </summary>
    HalfAttached,

    /// <summary>A device that is being removed, and whose worker has ended.</summary>
    Removal,

    /// <summary>A record that is not to be trusted.</summary>
    Untrusted,

    /// <summary>A record that a newer version of the program wrote.</summary>
    Newer,

    /// <summary>A record that was set aside; it is kept for people to look at.</summary>
    SetAside,
}
