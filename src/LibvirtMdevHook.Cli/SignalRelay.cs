using System.Runtime.InteropServices;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Cli;

/// <summary>
/// Forwards SIGINT, SIGHUP and SIGTERM to a child process as SIGTERM, on which the child finishes or undoes what it has begun. A second signal
/// says that the user does not want to wait for that.
/// </summary>
internal sealed class SignalRelay : IDisposable
{
    private const int Sigterm = 15;

    private readonly int _child;
    private readonly ManualResetEventSlim _hasSecond = new();
    private readonly PosixSignalRegistration[] _registrations;
    private int _count;

    public SignalRelay(int child)
    {
        _child = child;
        _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, Forward),
            PosixSignalRegistration.Create(PosixSignal.SIGHUP, Forward),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, Forward),
        ];
    }

    public bool HasSecond => _hasSecond.IsSet;

    public bool WaitForSecond() => _hasSecond.Wait(Timeout.Infinite);

    public void Dispose()
    {
        foreach (var registration in _registrations)
            registration.Dispose();
        _hasSecond.Dispose();
    }

    private void Forward(PosixSignalContext signal)
    {
        signal.Cancel = true;
        Libc.kill(_child, Sigterm);
        if (Interlocked.Increment(ref _count) > 1)
            _hasSecond.Set();
    }
}
