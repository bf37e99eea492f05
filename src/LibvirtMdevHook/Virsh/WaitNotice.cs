namespace LibvirtMdevHook.Virsh;

/// <summary>
/// Tells a person what a command waits for, where that takes longer than a second.
/// </summary>
/// <param name="tell">Given the words behind the command's name, on a thread of its own.</param>
internal sealed class WaitNotice(Action<string> tell)
{
    private static readonly TimeSpan SilentTime = TimeSpan.FromSeconds(1);

    /// <param name="what">Asked only when the time has come.</param>
    /// <returns>
    /// To be disposed of when the wait is over; null where no thread is left for it, which stops
    /// nothing else.
    /// </returns>
    public IDisposable? WaitingFor(Func<string> what)
    {
        try
        {
            return new Timer(_ => tell($"waiting for {what()}"), null, SilentTime, Timeout.InfiniteTimeSpan);
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }
}
