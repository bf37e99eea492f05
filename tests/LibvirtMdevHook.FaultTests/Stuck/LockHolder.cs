using System.Diagnostics;
using LibvirtMdevHook.SystemTests.Simulation;

namespace LibvirtMdevHook.FaultTests.Stuck;

/// <summary>A process that takes a lock and is then stopped or killed, so that it never releases the lock itself.</summary>
internal sealed class LockHolder : IDisposable
{
    private readonly Process _process;

    /// <param name="signal"><c>STOP</c> or <c>KILL</c>.</param>
    public LockHolder(string file, string signal)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        _process = Shell.Start("sh", "-c", "exec 9<>\"$0\" && flock 9 && echo locked && exec sleep infinity", file);
        if (_process.StandardOutput.ReadLine() != "locked")
            throw new IOException($"'{file}' cannot be locked: {_process.StandardError.ReadToEnd()}");
        ProcessTable.Signal(signal, _process.Id);
        Wait.Until(() => ProcessTable.State(_process.Id) is null or "T" or "Z", () => "the holder goes on.");
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
