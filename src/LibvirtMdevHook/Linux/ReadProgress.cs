namespace LibvirtMdevHook.Linux;

/// <summary>
/// When a thread last got an answer to a read, so that another thread can tell one that is slow, as
/// on a busy host, from one that a driver does not answer.
/// </summary>
internal sealed class ReadProgress
{
    [ThreadStatic]
    private static ReadProgress? _ofThisThread;

    private long _lastAnswer = Environment.TickCount64;

    /// <summary>How long there has been no answer.</summary>
    public TimeSpan Silence => TimeSpan.FromMilliseconds(Environment.TickCount64 - Volatile.Read(ref _lastAnswer));

    /// <summary>Notes an answer for the thread on which this is called, if it is watched.</summary>
    public static void NoteAnswer() => _ofThisThread?.Note();

    /// <summary>Runs the work on this thread, watched.</summary>
    public T Watch<T>(Func<T> work)
    {
        _ofThisThread = this;
        Note();
        try
        {
            return work();
        }
        finally
        {
            _ofThisThread = null;
        }
    }

    private void Note() => Volatile.Write(ref _lastAnswer, Environment.TickCount64);
}
