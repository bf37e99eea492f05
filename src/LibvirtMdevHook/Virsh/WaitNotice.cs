namespace LibvirtMdevHook.Virsh;

/// <summary>Tells the person who waits what for, where something takes longer than a second.</summary>
/// <param name="tell">Given half a sentence, on a thread of its own.</param>
internal sealed class WaitNotice(Action<string> tell)
{
    private static readonly TimeSpan Unexplained = TimeSpan.FromSeconds(1);

    /// <param name="what">Asked only when the time has come.</param>
    /// <returns>To be disposed of when the wait is over; null where there is no thread left for it, which is no reason to do less.</returns>
    public IDisposable? WaitingFor(Func<string> what)
    {
        try
        {
            return new Timer(_ => tell($"waiting for {what()}"), null, Unexplained, Timeout.InfiniteTimeSpan);
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }
}
