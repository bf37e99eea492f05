using System.Globalization;

namespace LibvirtMdevHook.Simulator.Fuse;

/// <summary>The kernel names the thread that asks; what it has open belongs to its process.</summary>
internal static class ThreadGroup
{
    private const string Line = "Tgid:";

    /// <returns>The process of a thread; the thread's own number where /proc does not tell.</returns>
    public static int Of(int thread)
    {
        try
        {
            var line = File.ReadLines($"/proc/{thread}/status").FirstOrDefault(line => line.StartsWith(Line, StringComparison.Ordinal));
            return line is null ? thread : int.Parse(line.AsSpan(Line.Length).Trim(), CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return thread;
        }
    }
}
