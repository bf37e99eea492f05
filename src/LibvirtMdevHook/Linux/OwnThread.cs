namespace LibvirtMdevHook.Linux;

/// <summary>
/// Runs work on its own thread. Its system call may never return, and the caller can go on without
/// it.
/// </summary>
internal static class OwnThread
{
    /// <exception cref="IOException">No thread can be started; the work has not begun.</exception>
    public static Task<T> Start<T>(Func<T> work)
    {
        try
        {
            return Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
        catch (TaskSchedulerException e)
        {
            throw new IOException("no thread can be started, as tasks or memory are used up", e);
        }
    }
}
