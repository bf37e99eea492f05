using System.Collections.Concurrent;
using LibvirtMdevHook.FaultTests.Sweeps;
using NUnit.Framework;

namespace LibvirtMdevHook.FaultTests.Stuck;

/// <summary>
/// Whatever does not answer, libvirtd and the caller of virt-mdev wait no longer than the deadline, and nothing is lost with the worker
/// that waits on.
/// </summary>
[TestFixture]
[Parallelizable(ParallelScope.Self)]
internal sealed class StuckTests
{
    private const double Share = 0.3;

    /// <summary>The threads mostly wait.</summary>
    private const int AtOnce = 4;

    [Test]
    public void Every_operation_ends_by_its_deadline_whatever_does_not_answer()
    {
        var budget = Budget.Share(Share);
        var chance = new Random(Budget.Seed);
        var points = (from dialect in StuckDialect.All
                      from operation in StuckOperation.All
                      from obstacle in Obstacle.All
                      where obstacle.IsIn(dialect) && !(obstacle.StopsWorker && operation.IsVerb && Point.Wanted is null)
                      from byReconcile in new[] { false, true }
                      select new StuckPoint(dialect, operation, obstacle, byReconcile))
            .Where(point => Point.Wanted is not { } text || $"{point}".Contains(text, StringComparison.Ordinal)).ToArray();
        chance.Shuffle(points);
        var queue = new ConcurrentQueue<StuckPoint>(points);
        var punctuality = new Punctuality();
        var tally = new Tally("operations that meet what does not answer") { Of = points.Length };
        Task.WaitAll([.. Enumerable.Range(0, AtOnce).Select(_ => Task.Factory.StartNew(
            () =>
            {
                while ((!budget.IsOver || Point.Wanted is not null) && queue.TryDequeue(out var point))
                    tally.Try($"{point}", () => point.Try(punctuality));
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))]);
        Assert.Multiple(() =>
        {
            tally.Conclude();
            punctuality.Conclude();
        });
    }
}
