using System.Collections.Concurrent;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>
/// A read of the attributes of one physical GPU, on a thread of its own and with a limit: a driver
/// that hangs never answers. Where it does not answer for one VF, none of the GPU's VFs is read.
/// Whoever reads can go on without the answer; the thread and its process may never end.
/// </summary>
internal sealed class GpuRead<T>
{
    /// <summary>How often the read's progress is looked at.</summary>
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(50);

    /// <summary>How many looks in a row must find no answer in time.</summary>
    private const int OverdueLooks = 4;

    private readonly Root _root;
    private readonly SysfsName _gpu;
    private readonly Deadline _deadline = Deadline.After(GpuRead.WholeTime);
    private readonly ReadProgress _progress = new();
    private readonly SilentGpu? _silent;
    private readonly Task<T>? _task;

    /// <param name="silent">The process that waits for the GPU already; null for none.</param>
    private GpuRead(Root root, SysfsName gpu, SilentGpu? silent, Func<T> read)
    {
        (_root, _gpu, _silent) = (root, gpu, silent);
        _task = silent is null ? OwnThread.Start(() => _progress.Watch(read)) : null;
    }

    /// <summary>Begins to read, unless a process waits for the GPU already.</summary>
    /// <exception cref="IOException">No thread can be started for it.</exception>
    public static GpuRead<T> Begin(Root root, SysfsName gpu, Func<T> read) => new(root, gpu, GpuRead.FindSilent(root, gpu), read);

    /// <summary>
    /// Waits until the read has ended, or its driver has been silent for too long.
    /// </summary>
    /// <param name="silent">Why there is no result; null when there is one.</param>
    /// <returns>The default where the GPU does not answer.</returns>
    /// <exception cref="IOException">The read has failed.</exception>
    public T? Result(out SilentGpu? silent)
    {
        silent = _silent;
        if (_task is null)
            return default;
        // Not at the first look: a process that stood still, such as a frozen one, reads on first.
        for (var overdue = 0; Task.WaitAny([_task], Step) < 0;)
        {
            var isOverdue = _progress.Silence >= GpuRead.Limit || _deadline.Passed;
            overdue = isOverdue ? overdue + 1 : 0;
            if (overdue < OverdueLooks)
                continue;
            silent = GpuRead.NoteSilent(_root, _gpu, _task);
            return default;
        }

        return _task.GetAwaiter().GetResult();
    }
}

/// <summary>What concerns all reads of GPUs of this process.</summary>
internal static class GpuRead
{
    /// <summary>How long a driver may take to answer one read.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long all reads of a GPU may take, though its driver answers each of them: the host's lock
    /// is held meanwhile.
    /// </summary>
    public static readonly TimeSpan WholeTime = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The reads that were given up, by the path of the GPU. So a process waits for a GPU only
    /// once, even if its user may not note the GPU as silent.
    /// </summary>
    private static readonly ConcurrentDictionary<HostPath, (SilentGpu Silent, Task Read)> Unanswered = new();

    /// <summary>Begins to read and waits for the result.</summary>
    /// <exception cref="IOException">The GPU does not answer, or the read has failed.</exception>
    public static T Of<T>(Root root, SysfsName gpu, Func<T> read)
    {
        var result = GpuRead<T>.Begin(root, gpu, read).Result(out var silent);
        return silent is null ? result! : throw new HostException(silent.WhyLeftOut, SilentGpu.Remedy);
    }

    /// <returns>The process that waits for the GPU, this one included; null for none.</returns>
    public static SilentGpu? FindSilent(Root root, SysfsName gpu)
    {
        if (Unanswered.TryGetValue(root.PciDevices / gpu, out var own) && !own.Read.IsCompleted)
            return own.Silent;
        return SilentGpu.Find(root, gpu);
    }

    /// <summary>Notes for this process and for others that the GPU does not answer.</summary>
    /// <param name="read">The read that was given up.</param>
    public static SilentGpu NoteSilent(Root root, SysfsName gpu, Task read)
    {
        var file = TimedRead.Unanswered(root).FirstOrDefault(file => PhysicalGpu.OfFile(root, file) == gpu) ?? "";
        var silent = SilentGpu.Note(root, gpu, file, read);
        Unanswered[root.PciDevices / gpu] = (silent, read);
        return silent;
    }
}
