using System.Text;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hook;

/// <summary>The domain XML on stdin, looked at as bytes.</summary>
internal sealed class DomainInput
{
    /// <summary>One byte more than the worker takes, so that it can say that there was too much.</summary>
    private const int MaximumKept = (4 << 20) + 1;

    private static readonly Descriptor Stdin = Descriptor.Own(0);

    private byte[] _bytes = new byte[1 << 16];
    private int _length;

    public ReadOnlyMemory<byte> Bytes => _bytes.AsMemory(0, Math.Min(_length, MaximumKept));

    /// <summary>Reads everything, whatever its size; keeps what a worker may need.</summary>
    /// <returns>Whether the bytes of our namespace are there.</returns>
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

        // Of a document that is too long, and without us so far, only the end is needed to go on searching; its length stays too long.
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

    /// <summary>Reads up to the first uuid, which is the domain's: libvirt writes name and uuid before anything that others may fill.</summary>
    public Guid? ReadUuid()
    {
        ReadOnlySpan<byte> open = "<uuid>"u8, close = "</uuid>"u8;
        do
        {
            var text = _bytes.AsSpan(0, _length);
            var start = text.IndexOf(open);
            var end = start < 0 ? -1 : text[start..].IndexOf(close);
            if (end >= 0)
                return Guid.TryParse(Encoding.ASCII.GetString(text.Slice(start + open.Length, end - open.Length)), out var uuid) ? uuid : null;
        }
        while (_length < MaximumKept && ReadMore());
        return null;
    }

    /// <exception cref="IOException">It cannot be read: what comes next could be anything.</exception>
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
