using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Planning;

namespace LibvirtMdevHook.Reports;

/// <summary>What 'virt-mdev types', 'list' and 'reconcile' say, as numbers for Prometheus.</summary>
/// <param name="Orphans">Null when libvirt has not been asked, or gave no answer.</param>
internal sealed record Metrics(Host Host, RecordsOnHost Records, IReadOnlyList<ListedDevice> Devices, int? Orphans, string Version)
{
    private const string Prefix = "libvirt_mdev_";

    /// <param name="active">Asks libvirt for the domains that run; null without an answer.</param>
    /// <exception cref="IOException">The records are not root's alone, or cannot be read.</exception>
    public static Metrics Read(Root root, Func<HashSet<Guid>?> active, string version)
    {
        var records = RecordsOnHost.Read(root, out var store);
        var host = HostReader.ReadAll(root);
        var orphans = records.Domains.IsEmpty ? 0 : active() is { } running ? records.CountOrphans(root, store, running) : null;
        var devices = ListedDevice.All(
            records.Removals.Concat(records.Domains).Concat(records.Reservations),
            host.Devices.Keys,
            id => Look(root, host, id),
            vf => host.Devices[vf.Id].Gpu);
        return new Metrics(host, records, [.. devices], orphans, version);
    }

    public override string ToString()
    {
        var capacity = Capacity.Of(Host, Records.Domains.Concat(Records.Removals).Concat(Records.Reservations));
        var build = new MetricFamily($"{Prefix}build_info", "1, with the version of virt-mdev.").Add(1, ("version", Version));
        return $"{Available(capacity)}{Settable(capacity)}{Listed(capacity)}{Leftovers()}{build}";
    }

    /// <summary>What was read of the host already, and the inode that tells a device from another of its name.</summary>
    private static HostDevice? Look(Root root, Host host, DeviceId id) =>
        host.Devices.TryGetValue(id, out var place) && HostDevice.PathOf(root, id) is var path && FileStatus.Of(path) is { } status
            ? new HostDevice(id, path, status.Inode, place.Parent, place.Type, null, null)
            : null;

    private MetricFamily Available(Capacity capacity)
    {
        var family = new MetricFamily($"{Prefix}available_instances", "How many more devices of a type the parent takes; absent where its driver does not tell.");
        foreach (var parent in Host.Parents.Where(p => p.Dialect != Dialect.Vf))
        {
            foreach (var type in parent.Types.Where(t => t.Trouble is null).DistinctBy(t => t.Id))
            {
                var left = capacity.WhyFull(parent, type) is null ? capacity.Left(parent, type) : 0;
                if (left < int.MaxValue)
                    family.Add(left, ("parent", $"{parent.Name}"), ("dialect", parent.Dialect.Name), ("id", $"{type.Id}"), ("type", type.Title));
            }
        }

        return family;
    }

    /// <summary>By the GPU: it may have hundreds of VFs, each of which lists all types.</summary>
    private MetricFamily Settable(Capacity capacity)
    {
        var family = new MetricFamily($"{Prefix}settable_vfs", "On how many VFs of a GPU a type can be set now, which is not how many fit together.");
        foreach (var gpu in Host.Parents.Where(p => p.Dialect == Dialect.Vf && !p.HasDisabledVfs).GroupBy(p => p.Gpu))
        {
            var types = gpu.SelectMany(vf => vf.Types.Concat(vf.Seen)).OrderBy(t => t.Name is null ? 1 : 0).DistinctBy(t => t.Id);
            foreach (var type in types)
            {
                var open = gpu.Count(vf => Host.DevicesOn(vf.Name) == 0 && vf.Types.FirstOrDefault(t => t.Id == type.Id) is { } its && capacity.WhyFull(vf, its) is null);
                family.Add(open, ("parent", $"{gpu.Key}"), ("id", $"{type.Id}"), ("type", type.Title));
            }
        }

        return family;
    }

    private MetricFamily Listed(Capacity capacity)
    {
        var parents = Host.Parents.ToDictionary(p => p.Name);
        var family = new MetricFamily($"{Prefix}devices", "Devices that exist or are on record, as 'virt-mdev list' has them.");
        foreach (var device in Devices)
        {
            var type = device.Claim is { } claim ? claim.Type?.Title
                : device.Seen is { Type: { } id } seen ? parents.TryGetValue(seen.Parent, out var parent) ? capacity.TitleOf(parent, id) : $"{id}"
                : null;
            family.Add(1, ("domain", device.Record?.Name ?? ""), ("parent", $"{device.Place}"), ("type", type ?? ""), ("state", EnumText.Of(device.State)));
        }

        return family;
    }

    private string Leftovers()
    {
        var removals = new MetricFamily($"{Prefix}removals", "Devices of ended domains that are still on their way out.").Add(Records.Removals.Length);
        var broken = new MetricFamily($"{Prefix}broken_off_removals", "Those of them that no worker is at; 'virt-mdev reconcile --apply' goes on.");
        var untrusted = new MetricFamily($"{Prefix}untrusted_records", "Records that are not to be trusted, set aside or where they were.");
        var orphans = new MetricFamily($"{Prefix}orphans", "Records of domains that do not run; absent while libvirt gives no answer.");
        if (Records.BrokenOff is { } devices)
            broken.Add(devices.Length);
        if (Records.SetAside is { } aside)
            untrusted.Add(aside + Records.Untrusted.Length);
        if (Orphans is { } count)
            orphans.Add(count);
        return $"{removals}{broken}{orphans}{untrusted}";
    }
}
