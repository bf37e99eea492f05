namespace LibvirtMdevHook.FaultTests.Sweeps;

/// <summary>One thing to try: what happens at which call of which program.</summary>
/// <param name="What">What strace injects, such as <c>signal=KILL</c>.</param>
/// <param name="Way">How it is recovered from.</param>
/// <param name="IsLasting">It happens at this call and at all later ones of its name.</param>
internal sealed record Point(int Devices, Traced Program, SystemCall Call, string What, string Way, bool IsLasting = false)
{
    /// <summary>An environment variable: if it is set, only the points whose text contains it are tried, however long they take.</summary>
    public const string Variable = "MDEV_FAULTS_POINT";

    public static string? Wanted => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } text ? text : null;

    public override string ToString() => $"{Devices} devices, {What} at {Program.ToString().ToLowerInvariant()}: {Call}"
        + $"{(IsLasting ? $" (of all {Call.NthOfAll}) and from then on" : "")}, then {Way}";
}
