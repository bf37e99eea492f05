namespace LibvirtMdevHook.Linux;

/// <summary>
/// The folder below which everything lies: sys, dev, proc, run, etc, var. It is <c>/</c>, or the folder that the environment variable
/// LIBVIRT_MDEV_ROOT names: so the same binaries work on a tree elsewhere. libvirtd hands its hooks a fixed environment (PATH, HOME and a
/// few more), so the variable never arrives from there.
/// </summary>
internal sealed class Root
{
    public const string Variable = "LIBVIRT_MDEV_ROOT";

    private readonly string _prefix;

    public Root(string folder) => _prefix = folder.TrimEnd('/');

    /// <summary>A relative folder is one of the current folder, whatever that becomes in a child process.</summary>
    public static Root FromEnvironment()
    {
        var folder = Environment.GetEnvironmentVariable(Variable) ?? "/";
        return new Root(folder.Length == 0 || folder.StartsWith('/') ? folder : Path.Combine(Environment.CurrentDirectory, folder));
    }

    /// <summary>What <see cref="Variable"/> has to hold for a child process, null for <c>/</c>.</summary>
    public string? Prefix => _prefix.Length == 0 ? null : _prefix;

    public HostPath Sys => At("/sys");
    public HostPath Vfio => At("/dev/vfio");
    public HostPath Proc => At("/proc");
    public HostPath State => At("/run/libvirt-mdev");
    public HostPath Configuration => At("/etc/libvirt/mdev-hook.conf");
    public HostPath LogFile => At("/var/log/libvirt/mdev-hook.log");
    public HostPath JournalSocket => At("/run/systemd/journal/socket");

    /// <summary>/sys/bus/mdev/devices, where every mediated device of the host has a link.</summary>
    public HostPath MdevDevices => At("/sys/bus/mdev/devices");

    /// <summary>/sys/bus/pci/devices, where every PCI device of the host has a link.</summary>
    public HostPath PciDevices => At("/sys/bus/pci/devices");

    /// <summary>What types were seen earlier, a file for each GPU.</summary>
    public HostPath Cache => At("/var/cache/libvirt-mdev");

    /// <param name="absolute">A path that starts with '/', written by this program.</param>
    public HostPath At(string absolute) => new(_prefix + absolute);

    /// <summary>Follows every link on the way to a path as those do who have this folder for their '/': their links are written for that.</summary>
    /// <returns>The path below this root that no link leads on from, be there a file or not; null when links lead in a circle.</returns>
    public string? Resolve(string absolute)
    {
        const int maximumLinks = 40;
        var ahead = new Stack<string>(Parts(absolute).AsEnumerable().Reverse());
        var way = new List<string>();
        for (var links = 0; ahead.TryPop(out var part);)
        {
            if (part == "..")
            {
                way = way[..^Math.Min(way.Count, 1)];
            }
            else if (part != ".")
            {
                way.Add(part);
                if (HostFile.LinkTarget(At($"/{string.Join('/', way)}"), out _) is not { } target)
                    continue;
                if (++links > maximumLinks)
                    return null;
                way = target.StartsWith('/') ? [] : way[..^1];
                foreach (var next in Parts(target).AsEnumerable().Reverse())
                    ahead.Push(next);
            }
        }

        return $"/{string.Join('/', way)}";
    }

    private static string[] Parts(string path) => path.Split('/', StringSplitOptions.RemoveEmptyEntries);
}
