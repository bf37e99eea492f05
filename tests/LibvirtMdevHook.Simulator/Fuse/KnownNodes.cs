using LibvirtMdevHook.Simulator.Tree;

namespace LibvirtMdevHook.Simulator.Fuse;

/// <summary>
/// The nodes that the kernel refers to, by its own numbers. They are not the numbers of stat: the kernel locks an inode while it is written
/// to, and sysfs does not. Therefore each lookup of an attribute gives a new number, and with it an inode and a lock of its own.
/// </summary>
internal sealed class KnownNodes(Folder root)
{
    private const ulong RootId = 1;

    private readonly Dictionary<ulong, Reference> _known = new() { [RootId] = new Reference(root) { Lookups = 1 } };
    private readonly Dictionary<Node, ulong> _ids = [];
    private ulong _last = RootId;

    public Node? Find(ulong id) => _known.GetValueOrDefault(id)?.Node;

    public (ulong Id, Node Node)? LookUp(ulong parent, string name)
    {
        if (Find(parent) is not Folder folder || folder.Find(name) is not { } node)
            return null;
        if (node is SysfsFile { Writable: true } || !_ids.TryGetValue(node, out var id))
        {
            _ids[node] = id = ++_last;
            _known[id] = new Reference(node);
        }

        _known[id].Lookups++;
        return (id, node);
    }

    public void Forget(ulong id, ulong lookups)
    {
        if (_known.TryGetValue(id, out var reference) && (reference.Lookups -= lookups) == 0 && id != RootId)
        {
            _known.Remove(id);
            if (_ids.GetValueOrDefault(reference.Node) == id)
                _ids.Remove(reference.Node);
        }
    }

    private sealed record Reference(Node Node)
    {
        public ulong Lookups { get; set; }
    }
}
