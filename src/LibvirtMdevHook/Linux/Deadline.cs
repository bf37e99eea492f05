namespace LibvirtMdevHook.Linux;

/// <summary>
/// The moment at which waiting ends, on the host's monotonic clock, which all processes share.
/// </summary>
/// <param name="At">
/// Milliseconds since boot, as <see cref="Environment.TickCount64"/> counts them.
/// </param>
internal readonly record struct Deadline(long At)
{
    public static Deadline After(TimeSpan time) => new(Environment.TickCount64 + (long)time.TotalMilliseconds);

    /// <summary>The time that is left: never negative, and at most what poll(2) takes.</summary>
    public int Milliseconds => (int)Math.Clamp(At - Environment.TickCount64, 0, int.MaxValue);

    public bool Passed => Environment.TickCount64 >= At;

    /// <summary>The earlier of this moment and the given time from now.</summary>
    public Deadline AtMost(TimeSpan time) => new(Math.Min(At, After(time).At));

    /// <summary>The later of the two moments.</summary>
    public Deadline AtLeast(Deadline other) => new(Math.Max(At, other.At));

    /// <summary>
    /// Attempts to make until the deadline: the first at once, the others after pauses of a tenth
    /// of the time so far, from a millisecond to a second. There is always at least one attempt.
    /// </summary>
    /// <param name="longestPause">The longest pause; a second where it is null.</param>
    /// <returns>The number of each attempt, from 0 on.</returns>
    public IEnumerable<int> Attempts(TimeSpan? longestPause = null)
    {
        var longest = (long)(longestPause ?? TimeSpan.FromSeconds(1)).TotalMilliseconds;
        var begin = Environment.TickCount64;
        for (var attempt = 0; ; attempt++)
        {
            yield return attempt;
            if (Passed)
                yield break;
            var pause = Math.Clamp((Environment.TickCount64 - begin) / 10, 1, longest);
            Thread.Sleep((int)Math.Min(pause, Math.Max(Milliseconds, 1)));
        }
    }

    /// <summary>
    /// Asks at each of the <see cref="Attempts"/>, until the answer is yes or the deadline has
    /// passed.
    /// </summary>
    /// <returns>The last answer.</returns>
    public bool Wait(Func<bool> until)
    {
        foreach (var _ in Attempts())
        {
            if (until())
                return true;
        }

        return false;
    }
}
