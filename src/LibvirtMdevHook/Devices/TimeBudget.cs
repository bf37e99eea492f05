using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Devices;

/// <summary>
/// How long a worker waits: until a deadline, and not beyond the hook that it works for.
/// </summary>
/// <param name="Hook">Null when no hook waits any more.</param>
internal sealed record TimeBudget(Deadline Deadline, SocketEnd? Hook)
{
    public bool IsOver => Deadline.Passed || HookIsGone;

    /// <summary>
    /// The hook has ended without an answer: what was done for it has to be undone.
    /// </summary>
    public bool HookIsGone => Hook?.OtherEndGone == true;

    /// <summary>
    /// Attempts as <see cref="Deadline.Attempts"/> makes them, at least one, until the budget is
    /// over.
    /// </summary>
    public IEnumerable<int> Attempts()
    {
        foreach (var attempt in Deadline.Attempts())
        {
            yield return attempt;
            if (HookIsGone)
                yield break;
        }
    }

    /// <summary>Pauses for a time, but not beyond the budget.</summary>
    public void Pause(TimeSpan time)
    {
        foreach (var _ in AtMost(time).Attempts())
        {
        }
    }

    public TimeBudget AtMost(TimeSpan time) => this with { Deadline = Deadline.AtMost(time) };
}
