namespace LibvirtMdevHook.Linux;

/// <summary>A moment on the host's monotonic clock, the same for every process, at which waiting ends.</summary>
/// <param name="At">Milliseconds since boot, as <see cref="Environment.TickCount64"/> counts them.</param>
internal readonly record struct Deadline(long At)
{
    public static Deadline After(TimeSpan time) => new(Environment.TickCount64 + (long)time.TotalMilliseconds);

    /// <summary>Never negative; at most what poll(2) takes.</summary>
    public int Milliseconds => (int)Math.Clamp(At - Environment.TickCount64, 0, int.MaxValue);

    public bool Passed => Environment.TickCount64 >= At;

    /// <summary>The earlier of this moment and the given time from now.</summary>
    public Deadline AtMost(TimeSpan time) => new(Math.Min(At, After(time).At));

    /// <summary>The later of the two moments.</summary>
    public Deadline AtLeast(Deadline other) => new(Math.Max(At, other.At));

    /// <summary>
    /// Attempts, one at once and the others after pauses of a tenth of the time so far, from a millisecond to a second, until the moment has
    /// come. At least one is made.
    /// </summary>
    /// <returns>The number of each attempt, from 0 on.</returns>
    public IEnumerable<int> Attempts()
    {
        var begin = Environment.TickCount64;
        for (var attempt = 0; ; attempt++)
        {
            yield return attempt;
            if (Passed)
                yield break;
            var pause = Math.Clamp((Environment.TickCount64 - begin) / 10, 1, 1000);
            Thread.Sleep((int)Math.Min(pause, Math.Max(Milliseconds, 1)));
        }
    }

    /// <summary>
    /// Asks again and again until the answer is yes or the moment has come, with pauses of a tenth of the time waited so far, from a
    /// millisecond to a second.
    /// </summary>
    public bool Wait(Func<bool> until)
    {
        var begin = Environment.TickCount64;
        while (!until())
        {
            if (Passed)
                return false;
            var pause = Math.Clamp((Environment.TickCount64 - begin) / 10, 1, 1000);
            Thread.Sleep((int)Math.Min(pause, Math.Max(Milliseconds, 1)));
        }

        return true;
    }
}
