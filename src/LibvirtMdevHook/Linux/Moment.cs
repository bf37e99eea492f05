using System.Diagnostics;

namespace LibvirtMdevHook.Linux;

/// <summary>
/// A moment on the host's monotonic clock (CLOCK_MONOTONIC), which all processes share and which
/// setting the time of day does not move. It tells which came first, a call of libvirt or a record.
/// </summary>
/// <param name="Nanoseconds">Since boot.</param>
internal readonly record struct Moment(long Nanoseconds)
{
    /// <summary>Later than every other moment.</summary>
    public static readonly Moment End = new(long.MaxValue);

    /// <summary>On Linux a tick of <see cref="Stopwatch"/> is a nanosecond of that clock.</summary>
    public static Moment Now => new(Stopwatch.GetTimestamp());

    /// <summary>The time that has passed since then.</summary>
    public TimeSpan Age => Stopwatch.GetElapsedTime(Nanoseconds);

    public bool IsAfter(Moment other) => Nanoseconds > other.Nanoseconds;

    public Moment Plus(long nanoseconds) => new(Nanoseconds + nanoseconds);
}
