using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Planning;

namespace LibvirtMdevHook.Reports;

/// <summary>
/// What 'virt-mdev types', 'list' and 'reconcile' say, as numbers for Prometheus.
/// </summary>
/// <param name="Stuck">
/// The processes that wait for the kernel; null for a user who cannot see all.
/// </param>
/// <param name="Orphans">Null when libvirt was not asked, or gave no answer.</param>
internal sealed record Metrics(
    Host Host,
    RecordsOnHost Records,
    IReadOnlyList<ListedDevice> Devices,
    IReadOnlyList<StuckProcess>? Stuck,
    int? Orphans,
    string Version)
{
    private const string Prefix = "libvirt_mdev_";

    /// <param name="active">
    /// Asks libvirt for the domains that run; returns null without an answer.
    /// </param>
    /// <exception cref="IOException">
    /// The records are not root's alone, or cannot be read.
    /// </exception>
    public static Metrics Read(Root root, Func<HashSet<Guid>?> active, string version)
    {
        var records = RecordsOnHost.Read(root, out var store);
        var host = HostReader.ReadAll(root);
        int? orphans = null;
        if (records.Domains.IsEmpty)
            orphans = 0;
        else if (active() is { } running)
            orphans = records.CountOrphans(root, store, running);
        var listed = records.Removals.Concat(records.Domains).Concat(records.Reservations);
        var devices = ListedDevice.All(root, host, listed, records.Newer);
        var stuck = Libc.geteuid() == 0 ? StuckProcess.Read(root) : null;
        return new Metrics(host, records, [.. devices], stuck, orphans, version);
    }

    public override string ToString()
    {
        var capacity = Capacity.Of(Host, Records.Domains.Concat(Records.Removals).Concat(Records.Reservations));
        var build = Family("build_info", "1, with the version of virt-mdev.").Add(1, ("version", Version));
        return $"{Available(capacity)}{Settable(capacity)}{Listed(capacity)}{StuckProcesses()}{Leftovers()}{build}";
    }

    private static MetricFamily Family(string name, string help) => new(Prefix + name, help);

    private MetricFamily Available(Capacity capacity)
    {
        var family = Family(
            "available_instances", "How many more devices of a type the parent takes; absent where its driver does not tell.");
        foreach (var parent in Host.Parents.Where(p => p.Dialect != Dialect.Vf))
        {
            foreach (var type in parent.Types.Where(t => t.Reason is null).DistinctBy(t => t.Id))
            {
                var left = capacity.HasRoomFor(parent, type) ? capacity.Left(parent, type) : 0;
                if (left is not { } count)
                    continue;
                family.Add(
                    count,
                    ("parent", $"{parent.Name}"),
                    ("dialect", parent.Dialect.Name),
                    ("id", $"{type.Id}"),
                    ("type", type.Title));
            }
        }

        return family;
    }

    /// <summary>
    /// Counted for each GPU: it may have hundreds of VFs, each of which lists all types.
    /// </summary>
    private MetricFamily Settable(Capacity capacity)
    {
        var family = Family("settable_vfs", "On how many VFs of a GPU a type can be set now, which is not how many fit together.");
        foreach (var gpu in Host.Parents.Where(p => p.Dialect == Dialect.Vf && !p.HasDisabledVfs).GroupBy(p => p.Gpu))
        {
            // Of two types with one id, the one with a name is taken.
            var types = gpu.SelectMany(vf => vf.Types.Concat(vf.Seen)).OrderBy(t => t.Name is null).DistinctBy(t => t.Id);
            foreach (var type in types)
            {
                var count = gpu.Count(vf => CanBeSet(capacity, vf, type));
                family.Add(count, ("parent", $"{gpu.Key}"), ("id", $"{type.Id}"), ("type", type.Title));
            }
        }

        return family;
    }

    private bool CanBeSet(Capacity capacity, Parent vf, MdevType type)
    {
        var offered = vf.Types.FirstOrDefault(t => t.Id == type.Id);
        return offered is not null && Host.DevicesOn(vf.Name) == 0 && capacity.HasRoomFor(vf, offered);
    }

    private MetricFamily Listed(Capacity capacity)
    {
        var parents = Host.Parents.ToDictionary(p => p.Name);
        var family = Family("devices", "Devices that exist or are on record, as 'virt-mdev list' has them.");
        foreach (var device in Devices)
        {
            family.Add(
                1,
                ("domain", device.DomainName ?? ""),
                ("parent", $"{device.Place}"),
                ("type", TypeOf(device, capacity, parents) ?? ""),
                ("state", EnumText.Of(device.State)));
        }

        return family;
    }

    private static string? TypeOf(ListedDevice device, Capacity capacity, Dictionary<SysfsName, Parent> parents)
    {
        if (device.Claim is { } claim)
            return claim.Type?.Title;
        if (device.Seen is not { Type: { } id } seen)
            return null;
        return parents.TryGetValue(seen.Parent, out var parent) ? capacity.TitleOf(parent, id) : id.ToString();
    }

    private MetricFamily StuckProcesses()
    {
        var family = Family("stuck_processes", "Processes of virt-mdev that wait for an answer of the GPU's driver.");
        if (Stuck is null)
            return family;
        // A process that found just now that a GPU does not answer, such as this one, waits for it too.
        var waiting = Stuck.Select(s => (s.Gpu, s.Pid)).Concat(Host.Silent.Values.Select(s => (s.Gpu, s.Pid))).ToHashSet();
        foreach (var gpu in Host.Parents.Select(p => p.Gpu).Concat(waiting.Select(w => w.Gpu)).Distinct())
            family.Add(waiting.Count(w => w.Gpu == gpu), ("parent", $"{gpu}"));
        return family;
    }

    private string Leftovers()
    {
        var removals = Family("removals", "Devices of ended domains that are still on their way out.").Add(Records.Removals.Length);
        var broken = Family("broken_off_removals", "Those of them that no worker is at; 'virt-mdev reconcile --apply' goes on.");
        var untrusted = Family("untrusted_records", "Records that are not to be trusted, set aside or where they were.");
        var newer = Family("newer_records", "Records that a newer version of the program wrote.").Add(Records.Newer.Length);
        var orphans = Family("orphans", "Records of domains that do not run; absent while libvirt gives no answer.");
        if (Records.BrokenOff is { } devices)
            broken.Add(devices.Length);
        if (Records.SetAside is { } setAside)
            untrusted.Add(setAside + Records.Untrusted.Length);
        if (Orphans is { } count)
            orphans.Add(count);
        return $"{removals}{broken}{orphans}{untrusted}{newer}";
    }
}
