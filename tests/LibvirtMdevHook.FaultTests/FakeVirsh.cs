using LibvirtMdevHook.SystemTests.Binaries;
using LibvirtMdevHook.SystemTests.Lab;
using LibvirtMdevHook.SystemTests.Simulation;

namespace LibvirtMdevHook.FaultTests;

/// <summary>A virsh that knows which domains run, without a libvirtd: enough for <c>virt-mdev reconcile</c>.</summary>
internal sealed class FakeVirsh : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Lock _gate = new();
    private readonly HashSet<Guid> _running = [];

    public FakeVirsh()
    {
        var text = Path.Combine(_folder.Path, "virsh.sh");
        File.WriteAllText(text, $"""
            #!/bin/sh
            case "$*" in
              *' list --uuid') exec cat '{_folder.Path}/running' ;;
              *' dumpxml --domain='*) exec cat "{_folder.Path}/$(echo "$*" | sed 's/.*--domain=\([^ ]*\).*/\1/').xml" ;;
            esac
            echo 'error: this is no real virsh' >&2
            exit 1

            """);
        // A program that this process wrote itself could be busy: who is forked at that moment has it open, too.
        Shell.Run("install", "-m", "700", text, Path.Combine(_folder.Path, "virsh"));
        Save();
    }

    /// <summary>The domain is active: from before its prepare on, with this XML.</summary>
    public void Begin(Guid domain, string xml)
    {
        lock (_gate)
        {
            Replace($"{domain}.xml", xml);
            _running.Add(domain);
            Save();
        }
    }

    /// <summary>It is active no more: when its release has returned.</summary>
    public void End(Guid domain)
    {
        lock (_gate)
        {
            _running.Remove(domain);
            Save();
        }
    }

    /// <summary>Runs virt-mdev with this virsh.</summary>
    public Outcome VirtMdev(HookedHost host, params IEnumerable<string> arguments) => Command.Run(
        "env", ["-u", "LIBVIRT_DEFAULT_URI", $"PATH={_folder.Path}:/usr/bin:/bin", $"LIBVIRT_MDEV_ROOT={host.Host.Root}", SourceTree.VirtMdev, .. arguments]);

    public void Dispose() => _folder.Dispose();

    private void Save() => Replace("running", string.Join('\n', _running) + "\n");

    private void Replace(string name, string text)
    {
        var file = Path.Combine(_folder.Path, name);
        File.WriteAllText(file + ".new", text);
        File.Move(file + ".new", file, overwrite: true);
    }
}
