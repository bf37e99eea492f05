using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Devices;

/// <summary>How long a worker waits: until a deadline, and not beyond the hook that it works for.</summary>
/// <param name="Hook">Null when nobody waits any more.</param>
internal sealed record TimeBudget(Deadline Deadline, SocketEnd? Hook)
{
    public bool IsOver => Deadline.Passed || HookIsGone;

    /// <summary>The hook has ended without an answer: what was done for it is to be undone.</summary>
    public bool HookIsGone => Hook?.OtherEndGone == true;

    /// <returns>False when patience was over before the answer was yes.</returns>
    public bool Wait(Func<bool> until)
    {
        var done = false;
        Deadline.Wait(() => (done = until()) || HookIsGone);
        return done;
    }

    public TimeBudget AtMost(TimeSpan time) => this with { Deadline = Deadline.AtMost(time) };
}
