using System.Diagnostics.CodeAnalysis;

namespace LibvirtMdevHook.Simulator;

/// <summary>The one lock around the tree. It is held while a step is computed, and never during a wait.</summary>
internal sealed class Gate
{
    private readonly Lock _gate = new();

    [SuppressMessage("Design", "CA1031", Justification = "The caller is libfuse or a timer; nobody else could report it.")]
    public bool Enter(Action step)
    {
        try
        {
            lock (_gate)
                step();
            return true;
        }
        catch (Exception e)
        {
            Console.Error.WriteLine(e);
            return false;
        }
    }

    public void After(TimeSpan delay, Action step) =>
        _ = Task.Delay(delay).ContinueWith(_ => Enter(step), TaskScheduler.Default);
}
