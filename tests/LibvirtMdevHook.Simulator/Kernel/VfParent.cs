using LibvirtMdevHook.Simulator.HostFiles;
using LibvirtMdevHook.Simulator.Tree;

namespace LibvirtMdevHook.Simulator.Kernel;

/// <summary>
/// A PF of NVIDIA's driver since Linux 6.8. Its VFs are the devices. sriov-manage creates and removes them, and the new ones are not the
/// old ones.
/// </summary>
internal sealed class VfParent : SimulatedParent
{
    private readonly List<SimulatedVf> _vfs = [];

    public VfParent(Machine machine, ParentDescription description) : base(machine, description)
    {
        AddSriov(Folder, Vfs, () => _vfs.Count);
    }

    public VfsDescription Vfs => Description.Vfs!;

    protected override IEnumerable<TypeDescription?> TypesInUse => _vfs.Select(vf => vf.Type).OfType<TypeDescription>();

    public override IEnumerable<string> Describe() => base.Describe().Concat(_vfs.Select(vf => vf.Describe()));

    /// <summary>What sriov-manage does: it creates all VFs, or removes them.</summary>
    public void EnableVfs(bool enable)
    {
        foreach (var vf in _vfs)
            vf.TakeAway();
        _vfs.Clear();
        for (var number = 0; enable && number < Vfs.Count; number++)
            _vfs.Add(new SimulatedVf(Machine, this, number, VfsDescription.AddressOf(Description.Name, number)));
    }

    public SimulatedVf? Find(string address) => _vfs.Find(vf => vf.Address == address);

    public Errno WhyNot(TypeDescription type) => Refusal(type);

    protected override void Appear() => EnableVfs(Vfs.Enabled);

    protected override void Disappear() => EnableVfs(false);

    /// <summary>The attributes by which a PF shows its VFs.</summary>
    public static void AddSriov(Folder pf, VfsDescription vfs, Func<int> enabled)
    {
        pf.Add("sriov_totalvfs", SysfsFile.Of(() => $"{vfs.Count}\n"));
        pf.Add("sriov_numvfs", SysfsFile.Of(() => $"{enabled()}\n", _ => Errno.EPERM));
        pf.Add("sriov_offset", SysfsFile.Fixed($"{VfsDescription.Offset}"));
        pf.Add("sriov_stride", SysfsFile.Fixed("1"));
    }
}
