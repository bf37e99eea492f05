using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Reports;

/// <summary>
/// The names of the types of devices that no record has; a record keeps the names of its own. A
/// VF's name is among the types that its GPU shows. Of a mediated device the driver is asked for
/// it, each GPU with a limit.
/// </summary>
internal sealed class TypeNames
{
    private readonly Dictionary<DeviceId, string> _names = [];
    private readonly List<SilentGpu> _silent = [];

    private TypeNames()
    {
    }

    /// <summary>The GPUs whose driver did not answer when it was asked for a name.</summary>
    public IReadOnlyList<SilentGpu> Silent => _silent;

    public static TypeNames Of(Root root, Host host, IEnumerable<ListedDevice> devices)
    {
        var names = new TypeNames();
        var unnamed = devices.Where(d => d.Claim is null && d.Seen?.Type is not null).Select(d => d.Seen!).ToArray();
        names.AddVfs(host, unnamed.Where(d => d.Id.Address is not null));
        names.AddMdevs(root, unnamed.Where(d => d.Id.Uuid is not null));
        return names;
    }

    /// <returns>Null where nothing tells it.</returns>
    public string? Find(DeviceId device) => _names.GetValueOrDefault(device);

    private void AddVfs(Host host, IEnumerable<HostDevice> vfs)
    {
        foreach (var vf in vfs)
        {
            var parent = host.Parents.FirstOrDefault(p => p.Name == vf.Parent);
            var type = parent?.Types.Concat(parent.Seen).FirstOrDefault(t => t.Id == vf.Type && t.Name is not null);
            Add(vf.Id, type?.Name);
        }
    }

    private void AddMdevs(Root root, IEnumerable<HostDevice> mdevs)
    {
        var reads = mdevs.ToLookup(d => PhysicalGpu.Of(root, d.Id) ?? d.Parent)
            .Select(gpu => GpuRead<(DeviceId, string?)[]>.Begin(root, gpu.Key, () => [.. gpu.Select(d => (d.Id, NameOf(d)))]))
            .ToArray();
        foreach (var read in reads)
        {
            var named = read.Result(out var silent) ?? [];
            if (silent is not null)
                _silent.Add(silent);
            foreach (var (device, name) in named)
                Add(device, name);
        }
    }

    private void Add(DeviceId device, string? name)
    {
        if (name is { Length: > 0 })
            _names[device] = name;
    }

    private static string? NameOf(HostDevice mdev) => HostFile.ReadTrimmed(mdev.Path / "mdev_type" / "name");
}
