namespace LibvirtMdevHook.Linux;

/// <summary>
/// Something that is read on a thread of its own, since a read that a driver does not answer never ends: whoever waits for it has a limit, and
/// the thread is left behind.
/// </summary>
internal sealed class TimedRead<T> where T : class
{
    private readonly Task<T> _task;

    /// <exception cref="IOException">No thread can be had for it.</exception>
    public TimedRead(Func<T> read) => _task = OwnThread.Start(read);

    /// <returns>Null when it has not ended in time.</returns>
    /// <exception cref="IOException">It cannot be read.</exception>
    public T? Result(Deadline deadline) =>
        Task.WaitAny([_task], deadline.Milliseconds) == 0 ? _task.GetAwaiter().GetResult() : null;
}

/// <summary>What all readings of a process have in common.</summary>
internal static class TimedRead
{
    /// <returns>The files of sysfs that this process has open at the moment, which are those that it waits for.</returns>
    public static IReadOnlyList<string> Unanswered(Root root)
    {
        // Their links name them as the kernel does, without the links on the way.
        var sys = root.Resolve("/sys") is { } resolved ? root.At(resolved).Text + '/' : "";
        var own = new HostPath("/proc/self/fd");
        return [.. HostFile.List(own).Select(fd => HostFile.LinkTarget(own / fd)).OfType<string>()
            .Where(path => path.StartsWith(sys, StringComparison.Ordinal)).Order(StringComparer.Ordinal).Distinct()];
    }
}
