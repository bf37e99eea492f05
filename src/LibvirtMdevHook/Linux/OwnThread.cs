namespace LibvirtMdevHook.Linux;

/// <summary>
/// Runs a system call that the kernel may never answer on its own thread, so that the caller can go
/// on without the answer.
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
