namespace LibvirtMdevHook.Simulator.Tree;

/// <summary>A node of the tree. Its inode number is never used again.</summary>
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

    /// <summary>It exists as long as the simulator runs, so the kernel may cache it.</summary>
    public bool Permanent { get; init; }

    /// <summary>It was removed from the tree; it may still be open.</summary>
    public bool Gone { get; private set; }

    public virtual long Size => 0;

    /// <summary>The path below the mount, without a leading slash; a removed node keeps its last one.</summary>
    public string Path => Parent is null or { Parent: null } ? Name : $"{Parent.Path}/{Name}";

    public void PutInto(Folder parent, string name)
    {
        Parent = parent;
        Name = name;
    }

    public virtual void TakeAway() => Gone = true;
}
