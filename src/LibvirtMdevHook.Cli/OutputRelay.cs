using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Cli;

/// <summary>Hands on what another process says, as it comes, until that ends.</summary>
internal sealed class OutputRelay
{
    private readonly Stream _words;
    private readonly Stream _reader;
    private volatile bool _isRelaying;
    private volatile bool _hasFailed;
    private long _relayed;

    public OutputRelay(Stream words, Stream reader)
    {
        (_words, _reader) = (words, reader);
        End = OwnThread.Start(Pass);
    }

    public Task End { get; }

    /// <summary>Not all could be handed on.</summary>
    public bool HasFailed => _hasFailed;

    /// <returns>Whether something is under way, or was since <paramref name="relayed"/>, which then is what has been handed on by now.</returns>
    public bool HasMoved(ref long relayed)
    {
        var before = relayed;
        relayed = Interlocked.Read(ref _relayed);
        return _isRelaying || relayed != before;
    }

    /// <returns>Whether all was handed on.</returns>
    private bool Pass()
    {
        var buffer = new byte[1 << 16];
        while (_words.Read(buffer) is > 0 and var count)
        {
            _isRelaying = true;
            Relay(buffer.AsSpan(0, count));
            Interlocked.Add(ref _relayed, count);
            _isRelaying = false;
        }

        return !_hasFailed;
    }

    private void Relay(ReadOnlySpan<byte> words)
    {
        // The other process goes on though nobody reads what it says any more, or can, so that it must not wait for room in its pipe.
        if (_hasFailed)
            return;
        try
        {
            _reader.Write(words);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _hasFailed = true;
        }
    }
}
