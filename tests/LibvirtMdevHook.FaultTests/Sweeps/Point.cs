namespace LibvirtMdevHook.FaultTests.Sweeps;

/// <summary>One thing to try: what happens to which call of which program.</summary>
/// <param name="What">What strace injects, such as <c>signal=KILL</c>.</param>
/// <param name="Way">How it is recovered from.</param>
/// <param name="IsLasting">To all calls of that name from this one on.</param>
internal sealed record Point(int Devices, Traced Program, SystemCall Call, string What, string Way, bool IsLasting = false)
{
    /// <summary>A variable of the environment: only those points are tried that have its text in theirs, whatever time it takes.</summary>
    public const string Variable = "MDEV_FAULTS_POINT";

    public static string? Wanted => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } text ? text : null;

    public override string ToString() => $"{Devices} devices, {What} at {Program.ToString().ToLowerInvariant()}: {Call}"
        + $"{(IsLasting ? $" (of all {Call.NthOfAll}) and from then on" : "")}, then {Way}";
}
