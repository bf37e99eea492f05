using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Reports;

/// <summary>A device of this host that exists, or that a record names.</summary>
/// <param name="Record">The record of the domain that has it; null for a foreign device.</param>
/// <param name="Claim">The device's claim in that record.</param>
/// <param name="Seen">The device on the host; null when it is not there.</param>
/// <param name="Place">The device's parent; for a VF, which is its own parent, the GPU.</param>
/// <param name="IsOnSilentGpu">It could not be looked at, as its GPU does not answer.</param>
/// <param name="Newer">The record of a newer version that names it; null for none.</param>
internal sealed record ListedDevice(
    DeviceId Device,
    Record? Record,
    Claim? Claim,
    HostDevice? Seen,
    SysfsName Place,
    bool IsOnSilentGpu = false,
    NewerRecord? Newer = null)
{
    /// <summary>
    /// The name of the domain that has it; null where none has, or the name is not known.
    /// </summary>
    public string? DomainName => Record?.Name ?? Newer?.Name;

    public Guid? Domain => Record?.Domain ?? Newer?.Domain;

    public DeviceState State
    {
        get
        {
            if (Newer is not null)
                return DeviceState.Newer;
            if (Claim is null)
                return DeviceState.Foreign;
            if (Record?.Expires is not null)
                return DeviceState.Reserved;
            if (IsOnSilentGpu)
                return DeviceState.Unknown;
            if (Seen is null)
                return Claim.Stage == Stage.Leaving ? DeviceState.Gone : DeviceState.Missing;
            if (!Claim.Proves(Seen))
                return DeviceState.Replaced;
            return Claim.Stage switch
            {
                Stage.Reserved or Stage.Intended => DeviceState.Intended,
                Stage.Created => DeviceState.Created,
                Stage.Online => DeviceState.Online,
                _ => DeviceState.Leaving,
            };
        }
    }

    /// <summary>The state in words, for people.</summary>
    public string StateText => State switch
    {
        DeviceState.Foreign => "foreign",
        DeviceState.Newer => $"on record by a newer version of this program{(Seen is null && !IsOnSilentGpu ? ", missing" : "")}",
        DeviceState.Reserved => "reserved for a domain that may be coming here",
        DeviceState.Gone => "being removed, not to be seen any more",
        DeviceState.Missing => $"{EnumText.Of(Claim!.Stage)}, missing",
        DeviceState.Replaced => "another device has its name",
        DeviceState.Unknown => $"{EnumText.Of(Claim!.Stage)}, as far as known: its GPU does not answer",
        _ when Claim!.IsForeign => $"{EnumText.Of(Claim.Stage)}, foreign",
        DeviceState.Leaving => "being removed",
        _ => EnumText.Of(Claim.Stage),
    };

    /// <param name="host">The whole host.</param>
    /// <param name="records">If two records name the same device, the first one counts.</param>
    /// <param name="newer">The records of a newer version.</param>
    public static IEnumerable<ListedDevice> All(Root root, Host host, IEnumerable<Record> records, IEnumerable<NewerRecord> newer)
    {
        var known = new HashSet<DeviceId>();
        foreach (var record in records)
        {
            foreach (var claim in record.Claims.Where(c => known.Add(c.Device)))
            {
                var place = PlaceOf(claim.Device, claim.Gpu, claim.Parent);
                var isOnSilentGpu = claim.Device.Address is not null && host.Silent.ContainsKey(claim.Gpu);
                yield return new ListedDevice(claim.Device, record, claim, Look(root, host, claim.Device), place, isOnSilentGpu);
            }
        }

        foreach (var record in newer)
        {
            foreach (var (device, parent) in record.Devices.Where(d => known.Add(d.Device)))
            {
                var seen = Look(root, host, device);
                var gpu = device.Address is { } vf ? PhysicalGpu.Of(vf.Name, VirtualFunction.PathOf(root, vf)) : null;
                var isOnSilentGpu = gpu is not null && host.Silent.ContainsKey(gpu);
                yield return new ListedDevice(device, null, null, seen, PlaceOf(device, gpu, parent), isOnSilentGpu, record);
            }
        }

        foreach (var id in host.Devices.Keys.Where(id => !known.Contains(id)))
        {
            if (Look(root, host, id) is { } device)
                yield return new ListedDevice(id, null, null, device, PlaceOf(id, host.Devices[id].Gpu, device.Parent));
        }
    }

    /// <summary>
    /// The device as the host was read before, with the inode that tells it from another device of
    /// its name.
    /// </summary>
    private static HostDevice? Look(Root root, Host host, DeviceId id)
    {
        if (!host.Devices.TryGetValue(id, out var place))
            return null;
        var path = HostDevice.PathOf(root, id);
        if (FileStatus.Of(path) is not { } status)
            return null;
        return new HostDevice(id, path, status.Inode, place.Parent, place.Type, null, VfioNodes.OfPath(path));
    }

    private static SysfsName PlaceOf(DeviceId device, SysfsName? gpu, SysfsName parent) => device.Address is null ? parent : gpu ?? parent;
}

/// <summary>The state of a device, as 'virt-mdev list' and the metrics show it.</summary>
internal enum DeviceState
{
    /// <summary>It is reserved for a domain that may be coming here.</summary>
    Reserved,

    /// <summary>Its create has begun.</summary>
    Intended,

    Created,

    Online,

    /// <summary>It is being removed.</summary>
    Leaving,

    /// <summary>It is being removed, and the host does not show it any more.</summary>
    Gone,

    /// <summary>A record has it, and the host does not.</summary>
    Missing,

    /// <summary>Another device has its name.</summary>
    Replaced,

    /// <summary>A record has it that a newer version of the program wrote.</summary>
    Newer,

    /// <summary>No record has it.</summary>
    Foreign,

    /// <summary>A record has it, and its GPU does not answer.</summary>
    Unknown,
}
