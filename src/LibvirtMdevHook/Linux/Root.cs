namespace LibvirtMdevHook.Linux;

/// <summary>
/// The folder below which this program looks for everything: sys, dev, proc, run, etc, var. It is
/// <c>/</c>, or the folder that the environment variable LIBVIRT_MDEV_ROOT names, so that the same
/// binaries also work on a tree elsewhere. libvirtd gives its hooks a fixed environment (PATH, HOME
/// and a few more), which never has the variable.
/// </summary>
internal sealed class Root
{
    public const string Variable = "LIBVIRT_MDEV_ROOT";

    private readonly string _prefix;

    public Root(string folder) => _prefix = folder.TrimEnd('/');

    /// <summary>
    /// A relative folder is one of the current folder, whatever that becomes in a child process.
    /// </summary>
    public static Root FromEnvironment()
    {
        var folder = Environment.GetEnvironmentVariable(Variable) ?? "/";
        return new Root(folder.Length == 0 || folder.StartsWith('/') ? folder : Path.Combine(Environment.CurrentDirectory, folder));
    }

    /// <summary>
    /// The value of <see cref="Variable"/> for a child process; null for <c>/</c>.
    /// </summary>
    public string? Prefix => _prefix.Length == 0 ? null : _prefix;

    public HostPath Sys => At("/sys");
    public HostPath Vfio => At("/dev/vfio");
    public HostPath VfioCdevs => At("/dev/vfio/devices");
    public HostPath Proc => At("/proc");
    public HostPath State => At("/run/libvirt-mdev");
    public HostPath Configuration => At("/etc/libvirt/mdev-hook.conf");
    public HostPath LogFile => At("/var/log/libvirt/mdev-hook.log");
    public HostPath JournalSocket => At("/run/systemd/journal/socket");

    /// <summary>
    /// /sys/bus/mdev/devices, where every mediated device of the host has a link.
    /// </summary>
    public HostPath MdevDevices => At("/sys/bus/mdev/devices");

    /// <summary>/sys/bus/pci/devices, where every PCI device of the host has a link.</summary>
    public HostPath PciDevices => At("/sys/bus/pci/devices");

    /// <summary>The types that were seen earlier, in one file per GPU.</summary>
    public HostPath Cache => At("/var/cache/libvirt-mdev");

    /// <param name="absolute">A path that starts with '/'.</param>
    public HostPath At(string absolute) => new(_prefix + absolute);

    /// <summary>
    /// Follows the links of a path as a process does that has this folder as its '/': absolute
    /// links below it are meant that way.
    /// </summary>
    /// <returns>
    /// The path below this root without any links, whether or not it exists; null when the links
    /// form a circle.
    /// </returns>
    public string? Resolve(string absolute)
    {
        const int maximumLinks = 40;
        var ahead = new Stack<string>(Parts(absolute).AsEnumerable().Reverse());
        var resolved = new List<string>();
        var links = 0;
        while (ahead.TryPop(out var part))
        {
            if (part == ".")
                continue;
            if (part == "..")
            {
                resolved = resolved[..^Math.Min(resolved.Count, 1)];
                continue;
            }

            resolved.Add(part);
            if (HostFile.LinkTarget(At($"/{string.Join('/', resolved)}"), out _) is not { } target)
                continue;
            links++;
            if (links > maximumLinks)
                return null;
            resolved = target.StartsWith('/') ? [] : resolved[..^1];
            foreach (var next in Parts(target).AsEnumerable().Reverse())
                ahead.Push(next);
        }

        return $"/{string.Join('/', resolved)}";
    }

    private static string[] Parts(string path) => path.Split('/', StringSplitOptions.RemoveEmptyEntries);
}
