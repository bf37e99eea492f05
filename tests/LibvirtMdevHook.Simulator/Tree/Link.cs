namespace LibvirtMdevHook.Simulator.Tree;

/// <summary>A symbolic link, relative as in sysfs, so that it stays valid when the tree is bound elsewhere.</summary>
internal sealed class Link(Node target) : Node(0xA000, 0x1FF)
{
    public string Target => System.IO.Path.GetRelativePath("/" + Parent!.Path, "/" + target.Path);

    public override long Size => Target.Length;
}
