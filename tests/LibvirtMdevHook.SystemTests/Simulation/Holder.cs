using System.Diagnostics;

namespace LibvirtMdevHook.SystemTests.Simulation;

/// <summary>A process of its own that has a file open, as QEMU has a device's node, until it is disposed of.</summary>
internal sealed class Holder : IDisposable
{
    private readonly Process _process;

    public Holder(string file)
    {
        _process = Shell.Start("sh", "-c", "exec 3<>\"$0\" && echo open && exec sleep infinity", file);
        if (_process.StandardOutput.ReadLine() != "open")
            throw new IOException($"'{file}' cannot be held: {_process.StandardError.ReadToEnd()}");
        // Until then its name is still the shell's.
        Wait.Until(() => File.ReadAllText($"/proc/{Id}/comm") == "sleep\n", () => "the holder is still a shell.");
    }

    public int Id => _process.Id;

    /// <summary>Its name in messages, perhaps beside others: on other simulated hosts nodes of the same name may be open, too.</summary>
    public override string ToString() => $"'sleep' (pid {Id})";

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
