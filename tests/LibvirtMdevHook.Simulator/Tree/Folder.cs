namespace LibvirtMdevHook.Simulator.Tree;

/// <summary>A directory.</summary>
internal sealed class Folder() : Node(0x4000, 0x1ED)
{
    private readonly SortedDictionary<string, Node> _children = new(StringComparer.Ordinal);

    public IEnumerable<Node> Children => _children.Values;

    public Node? Find(string name) => _children.GetValueOrDefault(name);

    public T Add<T>(string name, T node) where T : Node
    {
        _children.Add(name, node);
        node.PutInto(this, name);
        return node;
    }

    public Folder Add(string name) => Add(name, new Folder());

    public Link AddLink(string name, Node target) => Add(name, new Link(target));

    /// <summary>The folder at a path below this one; missing folders are created, as permanent ones.</summary>
    public Folder Make(string path)
    {
        var folder = this;
        foreach (var name in path.Split('/'))
            folder = folder.Find(name) as Folder ?? folder.Add(name, new Folder { Permanent = true });
        return folder;
    }

    /// <summary>Adds an attribute at a path below this folder, with the folders (groups) above it.</summary>
    public void AddDeep(string path, Node node)
    {
        var (folder, names) = (this, path.Split('/'));
        foreach (var name in names[..^1])
            folder = folder.Find(name) as Folder ?? folder.Add(name);
        folder.Add(names[^1], node);
    }

    public void Remove(string name)
    {
        if (_children.Remove(name, out var node))
            node.TakeAway();
    }

    public override void TakeAway()
    {
        base.TakeAway();
        foreach (var child in _children.Values)
            child.TakeAway();
        _children.Clear();
    }
}
