using System.Collections.Concurrent;
using NUnit.Framework;

namespace LibvirtMdevHook.FaultTests.Stuck;

/// <summary>
/// Whether operations end by their deadlines. Each is tried once: one that is late is at fault where the machine had time for everybody; on
/// a busy machine it only says nothing, but each operation has to be in time somewhere, which one that never keeps its deadline is not.
/// </summary>
internal sealed class Punctuality
{
    /// <summary>However busy the machine is.</summary>
    private static readonly TimeSpan Busy = TimeSpan.FromSeconds(10);

    /// <summary>Of an operation that was tried less often on a busy machine nothing can be said.</summary>
    private const int Enough = 5;

    private readonly ConcurrentBag<(StuckPoint Point, TimeSpan Time)> _times = [];

    /// <exception cref="AssertionException">It was late for no other reason than itself.</exception>
    public void Add(StuckPoint point, TimeSpan time, Pressure pressure)
    {
        _times.Add((point, time));
        var (operation, limit) = (point.Operation.Name, point.Operation.Limit);
        Assert.That(time, Is.LessThanOrEqualTo(limit + Busy), $"{operation} was very late");
        if (pressure.IsLow)
            Assert.That(time, Is.LessThanOrEqualTo(limit), $"{operation} was late, though nobody had to wait for a processor or a disk");
    }

    /// <summary>Writes the row of those that were in time.</summary>
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
