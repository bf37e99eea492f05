using System.Text;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hook;

/// <summary>The domain XML on stdin, as bytes: the hook itself parses nothing.</summary>
internal sealed class DomainInput
{
    /// <summary>One byte more than the worker takes, so that the worker can tell that the XML is too long.</summary>
    private const int MaximumKept = (4 << 20) + 1;

    private static readonly Descriptor Stdin = Descriptor.Own(0);

    private byte[] _bytes = new byte[1 << 16];
    private int _length;

    public ReadOnlyMemory<byte> Bytes => _bytes.AsMemory(0, Math.Min(_length, MaximumKept));

    /// <summary>Reads the XML to its end, whatever its size, and keeps as much as a worker may need.</summary>
    /// <returns>Whether the XML contains the bytes.</returns>
    public bool ReadAllAndFind(ReadOnlySpan<byte> needle)
    {
        var found = false;
        var searched = 0;
        while (true)
        {
            if (_length >= MaximumKept && !found)
                Forget(needle.Length);
            if (!ReadMore())
                return found;
            found = found || _bytes.AsSpan(searched, _length - searched).IndexOf(needle) >= 0;
            searched = Math.Max(0, _length - needle.Length + 1);
            if (found && _length >= MaximumKept)
                return true;
        }

        // In a document that is too long, and did not contain the bytes so far, the search goes on with its last bytes only. The length stays at
        // its maximum, so that the document still counts as too long.
        void Forget(int keep)
        {
            _bytes.AsSpan(_length - keep, keep).CopyTo(_bytes.AsSpan(MaximumKept - keep));
            (_length, searched) = (MaximumKept, MaximumKept - keep);
        }
    }

    public void ReadAll()
    {
        while (_length < MaximumKept && ReadMore())
        {
        }
    }

    /// <summary>Reads up to the first uuid, which is the domain's: libvirt writes name and uuid before any text of users.</summary>
    public Guid? ReadUuid()
    {
        while (true)
        {
            if (TextOfFirstUuid() is { } text)
                return Guid.TryParse(text, out var uuid) ? uuid : null;
            if (_length >= MaximumKept || !ReadMore())
                return null;
        }
    }

    /// <returns>Null while the bytes have no complete uuid element.</returns>
    private string? TextOfFirstUuid()
    {
        ReadOnlySpan<byte> open = "<uuid>"u8;
        ReadOnlySpan<byte> close = "</uuid>"u8;
        ReadOnlySpan<byte> bytes = _bytes.AsSpan(0, _length);
        var start = bytes.IndexOf(open);
        if (start < 0)
            return null;
        var rest = bytes[(start + open.Length)..];
        var length = rest.IndexOf(close);
        return length < 0 ? null : Encoding.ASCII.GetString(rest[..length]);
    }

    /// <returns>Whether there was more.</returns>
    /// <exception cref="IOException">stdin cannot be read, so it is not known what the XML says.</exception>
    private bool ReadMore()
    {
        if (_length == _bytes.Length)
            Array.Resize(ref _bytes, _bytes.Length * 2);
        var count = Stdin.Read(_bytes.AsSpan(_length), out var error);
        if (count < 0)
            throw new IOException("the domain's XML cannot be read from stdin: " + error.InWords);
        _length += count;
        return count > 0;
    }
}
