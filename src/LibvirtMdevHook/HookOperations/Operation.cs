using LibvirtMdevHook.Devices;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.HookOperations;

/// <summary>
/// What a worker does for one call of the hook: it runs, answers, and goes on with what the answer
/// could not wait for.
/// </summary>
internal abstract class Operation
{
    /// <summary>
    /// Why a worker that comes late, or is the last one left of a call, does nothing. Nobody reads
    /// that but in the log.
    /// </summary>
    protected static Reason HookIsGone => "libvirtd waits for this call no more, so nothing is done for it";

    /// <summary>
    /// What is not taken down yet when the answer is given; the worker goes on with it.
    /// </summary>
    public virtual IReadOnlyList<TakeDown> Unfinished => [];

    /// <returns>The answer for libvirt, within the operation's time.</returns>
    public abstract Answer Run();

    /// <summary>
    /// Undoes what was done, for a hook that has gone without reading the answer.
    /// </summary>
    public virtual void Undo()
    {
    }
}
