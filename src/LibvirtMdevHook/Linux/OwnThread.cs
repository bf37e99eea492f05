namespace LibvirtMdevHook.Linux;

/// <summary>A thread for what the kernel may never answer: who waits for it can go on without it.</summary>
internal static class OwnThread
{
    /// <exception cref="IOException">No thread can be had; nothing was begun.</exception>
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
