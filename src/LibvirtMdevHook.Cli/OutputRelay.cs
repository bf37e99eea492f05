using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Cli;

/// <summary>Copies the output of a child process to an output of this process, as it comes, until it ends.</summary>
internal sealed class OutputRelay
{
    private readonly Stream _source;
    private readonly Stream _target;
    private volatile bool _isWriting;
    private volatile bool _hasFailed;
    private long _relayed;
    private long _lastSeen;

    public OutputRelay(Stream source, Stream target)
    {
        (_source, _target) = (source, target);
        End = OwnThread.Start(Relay);
    }

    public Task End { get; }

    /// <summary>Whether part of the output could not be written.</summary>
    public bool HasFailed => _hasFailed;

    /// <returns>Whether bytes are being written at the moment, or were since the last call.</returns>
    public bool HasMoved()
    {
        var before = _lastSeen;
        _lastSeen = Interlocked.Read(ref _relayed);
        return _isWriting || _lastSeen != before;
    }

    /// <returns>Whether all of the output was written.</returns>
    private bool Relay()
    {
        var buffer = new byte[1 << 16];
        while (_source.Read(buffer) is > 0 and var count)
        {
            _isWriting = true;
            Write(buffer.AsSpan(0, count));
            Interlocked.Add(ref _relayed, count);
            _isWriting = false;
        }

        return !_hasFailed;
    }

    /// <summary>
    /// After a failure, what comes is read and dropped: the child has to go on although its output cannot be written any more, and must not wait for
    /// room in its pipe.
    /// </summary>
    private void Write(ReadOnlySpan<byte> bytes)
    {
        if (_hasFailed)
            return;
        try
        {
            _target.Write(bytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _hasFailed = true;
        }
    }
}
