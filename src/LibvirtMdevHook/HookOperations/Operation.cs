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
    /// Why a worker does nothing when its hook has ended, as when the worker comes late. Only the
    /// log shows this.
    /// </summary>
    protected static Reason HookIsGone => "libvirtd no longer waits for this call, so nothing is done for it";

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
