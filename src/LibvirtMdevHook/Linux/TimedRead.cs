namespace LibvirtMdevHook.Linux;

/// <summary>
/// A read on its own thread. A read that a driver does not answer never ends: the caller waits only
/// until a deadline, and leaves the thread behind.
/// </summary>
internal sealed class TimedRead<T> where T : class
{
    private readonly Task<T> _task;

    /// <exception cref="IOException">No thread can be started for it.</exception>
    public TimedRead(Func<T> read) => _task = OwnThread.Start(read);

    /// <returns>Null when the read has not ended in time.</returns>
    /// <exception cref="IOException">The read has failed.</exception>
    public T? Result(Deadline deadline)
    {
        var hasEnded = Task.WaitAny([_task], deadline.Milliseconds) == 0;
        return hasEnded ? _task.GetAwaiter().GetResult() : null;
    }
}

/// <summary>What concerns all timed reads of this process.</summary>
internal static class TimedRead
{
    /// <returns>
    /// The files of sysfs that this process has open now. While it waits for an answer, the
    /// unanswered file is among them.
    /// </returns>
    public static IReadOnlyList<string> Unanswered(Root root) => OpenFiles.OfSysfs(root, new HostPath("/proc/self/fd"));
}
