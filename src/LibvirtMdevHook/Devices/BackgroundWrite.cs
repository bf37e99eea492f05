using System.Diagnostics;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Devices;

/// <summary>
/// A write to sysfs on a thread of its own. The kernel may never answer it, and then neither the
/// thread nor the process ends; whoever began it can go on without the answer. One write is in the
/// kernel at a time.
/// </summary>
internal sealed class BackgroundWrite
{
    private Task<Errno>? _task;
    private long _begin;
    private string? _effect;

    /// <summary>A write was begun, and its answer was not taken yet.</summary>
    public bool IsInKernel => _task is not null;

    /// <summary>Since the write was begun.</summary>
    public TimeSpan Age => Stopwatch.GetElapsedTime(_begin);

    /// <summary>The answer to the last write that was answered.</summary>
    public Errno Answer { get; private set; }

    /// <summary>
    /// What the last answered write has done, for the log; null when it failed, or has nothing to
    /// say.
    /// </summary>
    public string? Effect => Answer.IsNone ? _effect : null;

    /// <param name="node">
    /// A node that is kept open until the write is answered; null for none.
    /// </param>
    /// <exception cref="IOException">No thread can be had; nothing was begun.</exception>
    public void Begin(Descriptor? node, Func<Errno> write, string? effect)
    {
        _effect = effect;
        _begin = Stopwatch.GetTimestamp();
        try
        {
            _task = OwnThread.Start(() =>
            {
                using (node)
                    return write();
            });
        }
        catch (IOException)
        {
            node?.Dispose();
            throw;
        }
    }

    /// <returns>Whether the answer came in time; then it is in <see cref="Answer"/>.</returns>
    public bool Wait(TimeSpan time)
    {
        if (_task is null)
            return true;
        if (!_task.Wait(time))
            return false;
        Answer = _task.Result;
        _task = null;
        return true;
    }
}
