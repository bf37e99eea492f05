using System.Text;

namespace LibvirtMdevHook.Simulator.Tree;

/// <summary>A write to an attribute, by a process.</summary>
internal delegate void StoreCommand(string text, int process, Ending end);

/// <summary>An attribute: a read shows a value, a write is a command.</summary>
internal sealed class SysfsFile : TreeFile
{
    private readonly Func<byte[]>? _show;
    private readonly StoreCommand? _store;

    private SysfsFile(Func<byte[]>? show, StoreCommand? store)
        : base((show is null ? 0u : 0x124u) | (store is null ? 0u : 0x80u))
    {
        _show = show;
        _store = store;
    }

    // kernfs requires a mode bit (any class) and the driver's callback, even of root.
    public override bool Readable => _show is not null && (Permissions & 0x124) != 0;

    public override bool Writable => _store is not null && (Permissions & 0x92) != 0;

    public override long Size => 4096;

    public static SysfsFile Of(Func<string>? show, Func<string, Errno>? store = null) => new(
        show is null ? null : () => Encoding.UTF8.GetBytes(show()),
        store is null ? null : (text, _, end) => end(store(text)));

    public static SysfsFile Fixed(string value) => Of(() => value + "\n");

    public static SysfsFile Binary(byte[] value) => new(() => value, null);

    /// <summary>A value that a command changes.</summary>
    public static SysfsFile Both(Func<string> show, StoreCommand store) => new(() => Encoding.UTF8.GetBytes(show()), store);

    /// <summary>A command whose write may be answered later.</summary>
    public static SysfsFile Command(StoreCommand store) => new(null, store);

    public override byte[] Read() => _show!();

    public override void Write(byte[] data, int process, Ending end) => _store!(TextOf(data), process, end);
}
