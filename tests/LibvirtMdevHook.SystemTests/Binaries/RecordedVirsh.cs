using LibvirtMdevHook.SystemTests.Lab;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>
/// A virsh that knows one domain and takes everything it is told; what it was told is kept. For what is to be seen on the host alone: how
/// libvirtd takes it is seen in the scenarios.
/// </summary>
internal sealed class RecordedVirsh
{
    private readonly HookedHost _host;
    private readonly string _program;

    /// <param name="xml">What the domain is.</param>
    /// <param name="afterwards">What happens after each look at it, in the shell.</param>
    public RecordedVirsh(HookedHost host, string xml, string afterwards = "true")
    {
        _host = host;
        _program = Path.Combine(Directory.CreateDirectory(host.InRoot(Path.GetRandomFileName())).FullName, "virsh");
        File.WriteAllText(_program + ".xml", xml);
        File.WriteAllText(_program, $"""
            #!/bin/sh
            case "$*" in
              *dumpxml*) cat "$0.xml"; {afterwards} ;;
              *) echo "$*" >>"$0.calls"; cat >>"$0.calls" ;;
            esac

            """);
        File.SetUnixFileMode(_program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }

    /// <summary>The arguments of each call that changes something, followed by what it was given to read.</summary>
    public string Calls => File.Exists(_program + ".calls") ? File.ReadAllText(_program + ".calls") : "";

    /// <summary>Runs virt-mdev with it.</summary>
    public Outcome VirtMdev(params IEnumerable<string> arguments) => Command.Run("env",
        [$"LIBVIRT_MDEV_ROOT={_host.Host.Root}", $"PATH={Path.GetDirectoryName(_program)}:/usr/bin:/bin", SourceTree.VirtMdev,
            .. arguments]);
}
