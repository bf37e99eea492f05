using LibvirtMdevHook.SystemTests.Lab;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>
/// A virsh that knows one domain, accepts every call, and keeps the calls. It is for tests of the host alone; the scenarios show how
/// libvirtd takes the calls.
/// </summary>
internal sealed class RecordedVirsh
{
    private readonly HookedHost _host;
    private readonly string _program;

    /// <param name="xml">The domain's XML.</param>
    /// <param name="afterwards">A shell command that runs after each dumpxml.</param>
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

    /// <summary>The arguments of each call that changes something, followed by its stdin.</summary>
    public string Calls => File.Exists(_program + ".calls") ? File.ReadAllText(_program + ".calls") : "";

    /// <summary>Runs virt-mdev with it.</summary>
    public Outcome VirtMdev(params IEnumerable<string> arguments) => Command.Run("env",
        [$"LIBVIRT_MDEV_ROOT={_host.Host.Root}", $"PATH={Path.GetDirectoryName(_program)}:/usr/bin:/bin", SourceTree.VirtMdev,
            .. arguments]);
}
