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

    public static Root FromEnvironment() => new(Environment.GetEnvironmentVariable(Variable) ?? "/");

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
}
