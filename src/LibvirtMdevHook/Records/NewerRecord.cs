using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Records;

/// <summary>
/// A record of this boot that a newer version of the program wrote. Every version keeps the
/// version, the boot, and each device's name and parent. Nothing else is known of such a record, so
/// it is never acted on; its devices count as taken.
/// </summary>
/// <param name="Version">
/// The version of the record, greater than <see cref="RecordXml.Version"/>.
/// </param>
/// <param name="Domain">The domain that it is about; null for a removal.</param>
/// <param name="Name">
/// The domain's name, unchecked text for messages; null when it is not known.
/// </param>
internal sealed record NewerRecord(
    HostPath File, int Version, string Boot, Guid? Domain, string? Name, ImmutableArray<RecordedDevice> Devices)
{
    /// <summary>Whom the devices belong to, for messages.</summary>
    public string Owner => (Name, Domain) switch
    {
        (null, null) => "a domain",
        (null, _) => $"the domain {Domain}",
        (_, null) => $"the domain '{Name}'",
        _ => $"the domain '{Name}' ({Domain})",
    };

    public bool Has(DeviceId device) => Devices.Any(d => d.Device == device);

    public bool IsOn(SysfsName parent) => Devices.Any(d => d.Parent == parent);

    /// <summary>For messages: what it is, with both versions.</summary>
    public override string ToString() =>
        $"the record '{File}' of {Owner} was written by a newer version of this program (record version {Version}; "
        + $"this one knows {RecordXml.Version})";
}

/// <summary>What every version of a record says of a device.</summary>
internal sealed record RecordedDevice(DeviceId Device, SysfsName Parent)
{
    /// <summary>For messages; a VF is its own parent.</summary>
    public override string ToString() => Device.Name == Parent ? $"'{Device}'" : $"'{Device}' on '{Parent}'";
}
