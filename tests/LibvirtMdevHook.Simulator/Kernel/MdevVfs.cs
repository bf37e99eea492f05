using LibvirtMdevHook.Simulator.HostFiles;
using LibvirtMdevHook.Simulator.Tree;

namespace LibvirtMdevHook.Simulator.Kernel;

/// <summary>
/// A PF of NVIDIA's driver before Linux 6.8, whose VFs are parents of mediated devices. Each takes one device, and all share what the GPU
/// has.
/// </summary>
internal sealed class MdevVfs
{
    private readonly Folder _pf;
    private readonly List<Vf> _vfs = [];

    public MdevVfs(Machine machine, ParentDescription description)
    {
        var vfs = description.Vfs!;
        _pf = PhysicalDevice.Build(machine.Root, description);
        VfParent.AddSriov(_pf, vfs, () => _vfs.Count);
        for (var number = 0; vfs.Enabled && number < vfs.Count; number++)
            _vfs.Add(new Vf(machine, Describe(description, number), this, number));
    }

    public IEnumerable<SimulatedParent> Parents => _vfs;

    private static ParentDescription Describe(ParentDescription pf, int number)
    {
        var address = VfsDescription.AddressOf(pf.Name, number);
        return pf with { Name = address, Path = $"{pf.Path[..pf.Path.LastIndexOf('/')]}/{address}", Driver = pf.Vfs!.Driver };
    }

    private sealed class Vf : MdevParent
    {
        private readonly MdevVfs _gpu;

        public Vf(Machine machine, ParentDescription description, MdevVfs gpu, int number) : base(machine, description)
        {
            _gpu = gpu;
            Folder.AddLink("physfn", gpu._pf);
            gpu._pf.AddLink($"virtfn{number}", Folder);
        }

        /// <summary>Those of the whole GPU.</summary>
        protected override IEnumerable<TypeDescription?> TypesInUse => _gpu._vfs.SelectMany(vf => vf.Devices).Select(device => device.Type);

        public override int Available(TypeDescription type) => Devices.Any() ? 0 : Math.Min(1, base.Available(type));
    }
}
