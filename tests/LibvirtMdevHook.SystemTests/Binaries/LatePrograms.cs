using LibvirtMdevHook.SystemTests.Lab;
using LibvirtMdevHook.SystemTests.Simulation;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>
/// The published programs in a folder of their own. On a host that has a gate, the next worker comes late: before it does anything, it
/// waits until the gate is opened. So does a hook that is called as <see cref="FrozenHook"/>.
/// </summary>
internal sealed class LatePrograms : IDisposable
{
    /// <summary>Fifos below a host's root. One worker takes the closed gate, by rename.</summary>
    private const string Gate = "gate";
    private const string TakenGate = "gate.taken";
    private const string Output = "output";

    private readonly TemporaryFolder _folder = new();
    private readonly List<RawFile> _opened = [];

    public LatePrograms()
    {
        foreach (var folder in new[] { "sbin", "bin" })
            Directory.CreateDirectory(Path.Combine(_folder.Path, folder));
        // A child that is forked while this process writes a program inherits the open file, so that executing it could fail.
        Shell.Run("cp", SourceTree.Hook, Hook);
        _folder.Program("bin/virt-mdev", $"""
            #!/bin/sh
            mv "$LIBVIRT_MDEV_ROOT/{Gate}" "$LIBVIRT_MDEV_ROOT/{TakenGate}" 2>/dev/null && read -r _ <"$LIBVIRT_MDEV_ROOT/{TakenGate}"
            exec '{SourceTree.VirtMdev}' "$@"

            """);
        FrozenHook = _folder.Program("frozen-hook", $"""
            #!/bin/sh
            exec >"$LIBVIRT_MDEV_ROOT/{Output}" 2>&1
            read -r _ <"$LIBVIRT_MDEV_ROOT/{TakenGate}"
            exec '{Hook}' "$@"

            """);
    }

    /// <summary>A hook whose workers can be late.</summary>
    public string Hook => Path.Combine(_folder.Path, "sbin/libvirt-mdev-hook");

    /// <summary>A hook that stands still before it has begun, and whose outputs go to a fifo of the host.</summary>
    private string FrozenHook { get; }

    /// <summary>The next worker on the host will wait.</summary>
    public static void HoldNextWorker(HookedHost host) => MakeFifo(host.InRoot(Gate));

    /// <summary>Calls a hook that stands still before it has begun, and whose libvirtd is killed then: nobody reads its outputs.</summary>
    public HookProcess BeginWithoutReader(HookedHost host, string operation, DeclaringDomain domain)
    {
        MakeFifo(host.InRoot(TakenGate));
        MakeFifo(host.InRoot(Output));
        var hook = new HookProcess(
            FrozenHook, host.Host.Root, domain.Xml(), domain.Name, operation, operation is "stopped" or "release" ? "end" : "begin", "-");
        // This waits until the hook has opened its outputs.
        RawFile.Open(host.InRoot(Output), RawFile.ReadOnly).Dispose();
        return hook;
    }

    /// <summary>Waits for the worker that waits.</summary>
    public static void MustHold(HookedHost host) =>
        Wait.Until(() => File.Exists(host.InRoot(TakenGate)), () => "no worker has come to the gate.");

    /// <summary>Lets the process that waits go on.</summary>
    public void Open(HookedHost host)
    {
        MustHold(host);
        var gate = RawFile.Open(host.InRoot(TakenGate), RawFile.ReadWrite);
        // What is in a fifo is lost when the last process closes it.
        _opened.Add(gate);
        gate.Write("\n");
    }

    public void Dispose()
    {
        _opened.ForEach(gate => gate.Dispose());
        _folder.Dispose();
    }

    private static void MakeFifo(string path) => Command.Run("mkfifo", path).Expected("mkfifo");
}
