using System.Collections.Concurrent;
using NUnit.Framework;

namespace LibvirtMdevHook.FaultTests.Stuck;

/// <summary>
/// Whether operations end by their deadlines. Each is tried once. A late one fails the test if the machine was idle enough. On a busy
/// machine a late one proves nothing, but each operation has to be in time at least once, which one that never keeps its deadline is not.
/// </summary>
internal sealed class Punctuality
{
    /// <summary>The limit on the busiest machine.</summary>
    private static readonly TimeSpan Busy = TimeSpan.FromSeconds(10);

    /// <summary>An operation that was tried less often than this on a busy machine proves nothing.</summary>
    private const int Enough = 5;

    private readonly ConcurrentBag<(StuckPoint Point, TimeSpan Time)> _times = [];

    /// <exception cref="AssertionException">It was late, and the machine is not the reason.</exception>
    public void Add(StuckPoint point, TimeSpan time, Pressure pressure)
    {
        _times.Add((point, time));
        var (operation, limit) = (point.Operation.Name, point.Operation.Limit);
        Assert.That(time, Is.LessThanOrEqualTo(limit + Busy), $"{operation} was very late");
        if (pressure.IsLow)
            Assert.That(time, Is.LessThanOrEqualTo(limit), $"{operation} was late, though nobody had to wait for a processor or a disk");
    }

    /// <summary>Writes the row of the operations that were in time.</summary>
    public void Conclude()
    {
        var tally = new Tally("of these, in time to half a second") { Of = _times.Count };
        foreach (var operation in _times.GroupBy(t => t.Point.Operation))
        {
            var inTime = operation.Where(t => t.Time <= operation.Key.Limit).ToArray();
            foreach (var (point, _) in inTime)
                tally.Add($"{point}", null);
            if (inTime.Length == 0 && operation.Count() >= Enough)
                tally.Add(operation.Key.Name, $"it was never in time: {string.Join(", ", operation.Select(t => t.Time))}");
        }

        tally.Conclude();
    }
}
