using LibvirtMdevHook.SystemTests.Lab;
using LibvirtMdevHook.SystemTests.Simulation;

namespace LibvirtMdevHook.FaultTests.Sweeps;

/// <summary>
/// The published hook in a folder of its own. In place of its worker it finds a script there that runs the published worker under strace,
/// if the host says so.
/// </summary>
internal sealed class TracedPrograms : IDisposable
{
    public const string Strace = "/usr/bin/strace";

    /// <summary>On a host, the command that the script runs in place of the worker.</summary>
    public const string Instruction = "worker-is";

    private readonly TemporaryFolder _folder = new();

    public TracedPrograms()
    {
        foreach (var folder in new[] { "sbin", "bin" })
            Directory.CreateDirectory(Path.Combine(_folder.Path, folder));
        File.Copy(SourceTree.Hook, Hook);
        _folder.Program("bin/virt-mdev", $"""
            #!/bin/sh
            worker={SourceTree.VirtMdev}
            [ ! -e "$LIBVIRT_MDEV_ROOT/{Instruction}" ] || . "$LIBVIRT_MDEV_ROOT/{Instruction}"
            exec "$worker" "$@"

            """);
    }

    public string Hook => Path.Combine(_folder.Path, "sbin/libvirt-mdev-hook");

    public void Dispose() => _folder.Dispose();
}
