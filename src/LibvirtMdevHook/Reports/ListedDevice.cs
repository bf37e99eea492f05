using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Reports;

/// <summary>A device of this host that exists, or that a record speaks of.</summary>
/// <param name="Record">The domain's that has it; null for what nobody has on record.</param>
/// <param name="Claim">Of that record.</param>
/// <param name="Seen">Null when the device is not there.</param>
/// <param name="Place">Its parent; of a VF, which is its own parent, the GPU.</param>
internal sealed record ListedDevice(DeviceId Device, Record? Record, Claim? Claim, HostDevice? Seen, SysfsName Place)
{
    public DeviceState State => Claim is null ? DeviceState.Foreign
        : Record?.Expires is not null ? DeviceState.Reserved
        : Seen is null ? Claim.Stage == Stage.Leaving ? DeviceState.Gone : DeviceState.Missing
        : !Claim.Proves(Seen) ? DeviceState.Replaced
        : Claim.Stage switch
        {
            Stage.Reserved or Stage.Intended => DeviceState.Intended,
            Stage.Created => DeviceState.Created,
            Stage.Online => DeviceState.Online,
            _ => DeviceState.Leaving,
        };

    /// <summary>For people.</summary>
    public string StateText => State switch
    {
        DeviceState.Foreign => "foreign",
        DeviceState.Reserved => "reserved for a domain that may be coming here",
        DeviceState.Gone => "being removed, not to be seen any more",
        DeviceState.Missing => $"{EnumText.Of(Claim!.Stage)}, missing",
        DeviceState.Replaced => "another device has its name",
        _ when Claim!.IsForeign => $"{EnumText.Of(Claim.Stage)}, foreign",
        DeviceState.Leaving => "being removed",
        _ => EnumText.Of(Claim.Stage),
    };

    /// <param name="records">Of two that speak of a device the first counts.</param>
    /// <param name="existing">What exists of devices.</param>
    /// <param name="look">At a device, which may not be there.</param>
    /// <param name="gpuOf">The PF of a VF that nobody has on record.</param>
    public static IEnumerable<ListedDevice> All(
        IEnumerable<Record> records, IEnumerable<DeviceId> existing, Func<DeviceId, HostDevice?> look, Func<HostDevice, SysfsName?> gpuOf)
    {
        var known = new HashSet<DeviceId>();
        foreach (var record in records)
        {
            foreach (var claim in record.Claims.Where(c => known.Add(c.Device)))
                yield return new ListedDevice(claim.Device, record, claim, look(claim.Device), PlaceOf(claim.Device, claim.Gpu, claim.Parent));
        }

        foreach (var id in existing.Where(id => !known.Contains(id)))
        {
            if (look(id) is { } device)
                yield return new ListedDevice(id, null, null, device, PlaceOf(id, gpuOf(device), device.Parent));
        }
    }

    private static SysfsName PlaceOf(DeviceId device, SysfsName? gpu, SysfsName parent) => device.Address is null ? parent : gpu ?? parent;
}

/// <summary>What is to be said of a device.</summary>
internal enum DeviceState
{
    /// <summary>For a domain that may be coming here.</summary>
    Reserved,

    /// <summary>Being made.</summary>
    Intended,

    Created,

    Online,

    /// <summary>Being removed.</summary>
    Leaving,

    /// <summary>Being removed, and not to be seen any more.</summary>
    Gone,

    /// <summary>On record, and not there.</summary>
    Missing,

    /// <summary>Another device has its name.</summary>
    Replaced,

    /// <summary>Nobody has it on record.</summary>
    Foreign,
}
