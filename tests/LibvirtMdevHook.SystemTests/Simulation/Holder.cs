using System.Diagnostics;

namespace LibvirtMdevHook.SystemTests.Simulation;

/// <summary>A process that has a file open, as QEMU has the node of its group.</summary>
internal sealed class Holder : IDisposable
{
    private readonly Process process;

    public Holder(string path)
    {
        process = Process.Start(new ProcessStartInfo("sh", ["-c", "exec 3<>\"$0\" && echo open && read line", path])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        if (process.StandardOutput.ReadLine() != "open")
        {
            throw new IOException($"'{path}' cannot be opened.");
        }
    }

    /// <summary>The process that holds it.</summary>
    public int Id => process.Id;

    /// <summary>Lets it go.</summary>
    public void Dispose()
    {
        process.StandardInput.Close();
        process.WaitForExit();
        process.Dispose();
    }
}
