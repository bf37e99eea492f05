using System.Diagnostics;

namespace LibvirtMdevHook.SystemTests.Simulation;

/// <summary>A root folder with a simulated sys and dev/vfio, served by mdev-simulator. LIBVIRT_MDEV_ROOT makes programs use it.</summary>
internal sealed class SimulatedHost : SimulatedTree, IDisposable
{
    private const int Limit = 30_000;

    private readonly Process _simulator;
    private readonly Task<string> _errors;

    /// <param name="hostFile">The name of a host file of the simulator, without its folder.</param>
    /// <param name="change">What to change in its text.</param>
    /// <param name="keep">Folders below sys to leave empty.</param>
    public SimulatedHost(string hostFile, Func<string, string>? change = null, params IEnumerable<string> keep)
        : base(Directory.CreateTempSubdirectory("mdev-host-").FullName, "mount/control", "simulator.log")
    {
        foreach (var folder in new[] { "mount", "run", "etc/libvirt", "var/log/libvirt", "var/cache" })
            Directory.CreateDirectory(InRoot(folder));
        File.CreateSymbolicLink(InRoot("sys"), "mount/sys");
        File.CreateSymbolicLink(InRoot("dev"), "mount/dev");
        File.CreateSymbolicLink(InRoot("proc"), "/proc");
        var text = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "hosts", hostFile));
        File.WriteAllText(InRoot("host.xml"), change is null ? text : change(text));
        _simulator = Shell.Start(
            Path.Combine(AppContext.BaseDirectory, "mdev-simulator"),
            [InRoot("host.xml"), Mount, "--log", LogFile, "--keep", string.Join(',', keep)]);
        _errors = _simulator.StandardError.ReadToEndAsync();
        WaitUntilReady();
    }

    /// <summary>The simulator's mount, with sys, dev and control in it.</summary>
    public string Mount => InRoot("mount");

    public void Dispose()
    {
        var died = _simulator.HasExited;
        if (!died)
        {
            _ = Write("mount/control", "clear");
            _ = Shell.Run("umount", Mount).Status == 0 || Shell.Run("umount", "-l", Mount).Status == 0;
            if (!_simulator.WaitForExit(1000))
            {
                // Processes that still wait for an answer get one when the server is gone.
                _simulator.Kill();
            }
        }

        _simulator.WaitForExit();
        _simulator.Dispose();
        Directory.Delete(Root, recursive: true);
        if (died || _errors.Result.Length > 0)
            throw new InvalidOperationException($"The simulator {(died ? "ended too early" : "was at fault")}: {_errors.Result}");
    }

    private void WaitUntilReady()
    {
        var first = _simulator.StandardOutput.ReadLineAsync();
        if (!first.Wait(Limit) || first.Result != "ready")
        {
            Dispose();
            throw new InvalidOperationException($"The simulator did not say 'ready' within {Limit / 1000} s.");
        }
    }
}
