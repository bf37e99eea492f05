using LibvirtMdevHook.Linux;
using NUnit.Framework;

namespace LibvirtMdevHook.Tests.Linux;

/// <summary>A lock that several processes want.</summary>
internal sealed class FileLockTests
{
    private const int Waiters = 8;

    /// <summary>So long that a pause of a tenth of it would be far beyond the bound.</summary>
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Bound = TimeSpan.FromMilliseconds(250);

    /// <summary>Newcomers try every millisecond: a process that tries more seldom the longer it waits loses to all of them.</summary>
    [Test]
    public void Who_has_waited_for_long_has_the_lock_as_soon_as_it_is_free()
    {
        using var folder = new TreeOfText("");
        HostPath[] paths = [.. Enumerable.Range(0, Waiters).Select(n => new HostPath(folder.PathOf($"lock{n}")))];
        FileLock[] held = [.. paths.Select(path => FileLock.Take(path, Deadline.After(TimeSpan.Zero))!)];
        var begins = Environment.TickCount64;
        Task<long>[] waiters = [.. paths.Select((path, n) => OwnThread.Start(() => TakenAt(path, begins + (n * 60))))];

        // Pauses are long only after a long wait.
        Thread.Sleep(Wait);
        var free = Environment.TickCount64;
        foreach (var file in held)
            file.Dispose();

        Assert.That(waiters.Select(waiter => waiter.Result - free), Has.All.LessThan(Bound.TotalMilliseconds));
    }

    private static long TakenAt(HostPath path, long begin)
    {
        Thread.Sleep((int)Math.Max(0, begin - Environment.TickCount64));
        using var taken = FileLock.Take(path, Deadline.After(TimeSpan.FromSeconds(60)));
        return taken is null ? long.MaxValue : Environment.TickCount64;
    }
}
