using System.Diagnostics;

namespace LibvirtMdevHook.SystemTests.Simulation;

/// <summary>Waits for what another process does.</summary>
internal static class Wait
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>Returns when a condition holds; fails if it does not in time.</summary>
    public static void Until(Func<bool> condition, Func<string> otherwise)
    {
        var start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(start) > Limit)
                throw new TimeoutException($"Waited for {Limit.TotalSeconds} s in vain; {otherwise()}");
            Thread.Sleep(5);
        }
    }
}
