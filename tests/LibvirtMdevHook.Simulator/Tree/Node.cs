namespace LibvirtMdevHook.Simulator.Tree;

/// <summary>Something in the tree. Its inode number is never given to another node.</summary>
internal abstract class Node(uint kind, uint permissions)
{
    private static ulong _last;

    public ulong Inode { get; } = ++_last;

    public uint Kind => kind;

    public uint Permissions { get; set; } = permissions;

    public uint Uid { get; set; }

    public uint Gid { get; set; }

    public string Name { get; private set; } = "";

    public Folder? Parent { get; private set; }

    /// <summary>It is there as long as the simulator runs, so the kernel may keep what it knows of it.</summary>
    public bool Permanent { get; init; }

    /// <summary>It was taken out of the tree; descriptors of it may still be open.</summary>
    public bool Gone { get; private set; }

    public virtual long Size => 0;

    /// <summary>The place below the mount, without a leading slash; a node that is gone keeps the one it had.</summary>
    public string Path => Parent is null or { Parent: null } ? Name : $"{Parent.Path}/{Name}";

    public void PutInto(Folder parent, string name)
    {
        Parent = parent;
        Name = name;
    }

    public virtual void TakeAway() => Gone = true;
}
