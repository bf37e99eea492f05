using System.Runtime.InteropServices;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Cli;

/// <summary>
/// Forwards SIGINT, SIGHUP and SIGTERM to a child process as SIGTERM, on which the child finishes
/// or undoes what it has begun. One more signal says that the user does not want to wait for that;
/// for a child that only looks, the first one says so.
/// </summary>
internal sealed class SignalRelay : IDisposable
{
    private const int Sigterm = 15;

    private readonly int _child;
    private readonly int _enough;
    private readonly ManualResetEventSlim _hasEnough = new();
    private readonly PosixSignalRegistration[] _registrations;
    private int _count;

    /// <param name="enough">After how many signals the user does not want to wait any more.</param>
    public SignalRelay(int child, int enough)
    {
        (_child, _enough) = (child, enough);
        _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, Forward),
            PosixSignalRegistration.Create(PosixSignal.SIGHUP, Forward),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, Forward),
        ];
    }

    public bool HasEnough => _hasEnough.IsSet;

    public bool WaitForEnough() => _hasEnough.Wait(Timeout.Infinite);

    public void Dispose()
    {
        foreach (var registration in _registrations)
            registration.Dispose();
        _hasEnough.Dispose();
    }

    private void Forward(PosixSignalContext signal)
    {
        signal.Cancel = true;
        Libc.kill(_child, Sigterm);
        if (Interlocked.Increment(ref _count) >= _enough)
            _hasEnough.Set();
    }
}
