using System.Diagnostics;
using System.Globalization;

namespace LibvirtMdevHook.FaultTests;

/// <summary>
/// How long the tests may take and the seed of what they choose, both from the environment: <c>tests/run faults --minutes N --seed N</c>.
/// </summary>
internal sealed class Budget
{
    private static readonly TimeSpan Whole = TimeSpan.FromMinutes(Number("MDEV_FAULTS_MINUTES") ?? 6);

    private readonly long _begin = Stopwatch.GetTimestamp();
    private readonly TimeSpan _time;

    private Budget(TimeSpan time) => _time = time;

    /// <summary>What all choices of a run begin with; the same seed chooses the same.</summary>
    public static int Seed { get; } = Number("MDEV_FAULTS_SEED") ?? Random.Shared.Next(1, 1_000_000);

    public bool IsOver => Stopwatch.GetElapsedTime(_begin) >= _time;

    /// <param name="share">Of the time of the whole run, between 0 and 1; the tests run in three lanes side by side.</param>
    public static Budget Share(double share) => new(Whole * share);

    /// <returns>That part of the time, for a caller that passes it to another process.</returns>
    public static TimeSpan Time(double share) => Whole * share;

    private static int? Number(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;
}
