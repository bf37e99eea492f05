using LibvirtMdevHook.Simulator.HostFiles;
using LibvirtMdevHook.Simulator.Tree;

namespace LibvirtMdevHook.Simulator.Kernel;

/// <summary>A VF: a PCI device beside its PF, with a group of its own, that takes one type at a time.</summary>
internal sealed class SimulatedVf
{
    private readonly Machine _machine;
    private readonly VfParent _gpu;
    private readonly Folder _folder;
    private readonly VfioDevice _vfio;
    private readonly int _number;
    private readonly List<Action> _resets = [];
    private int _remover = TreeFile.NoProcess;
    private int _closings;
    private bool _leaving;

    public SimulatedVf(Machine machine, VfParent gpu, int number, string address)
    {
        (_machine, _gpu, _number, Address) = (machine, gpu, number, address);
        var pf = gpu.Description;
        var isBound = number < gpu.Vfs.Count - gpu.Vfs.Unbound;
        _folder = PhysicalDevice.Build(machine.Root, pf with
        {
            Name = address,
            Path = $"{pf.Path[..pf.Path.LastIndexOf('/')]}/{address}",
            Driver = isBound ? gpu.Vfs.Driver : null,
        }, stays: false);
        _folder.AddLink("physfn", gpu.Folder);
        gpu.Folder.AddLink($"virtfn{number}", _folder);
        _vfio = machine.NewVfioDevice(_folder, isMdev: false);
        _vfio.Closed += Closed;
        if (isBound)
        {
            _folder.AddDeep("nvidia/creatable_vgpu_types", SysfsFile.Of(List));
            _folder.AddDeep("nvidia/current_vgpu_type", SysfsFile.Both(() => $"{Type?.Id ?? "0"}\n", Store));
            foreach (var attribute in pf.Attributes)
            {
                _folder.AddDeep(attribute.Path, VendorFile.For(attribute, number + 1, () => _vfio.IsOpen, out var reset));
                _resets.Add(reset);
            }
        }
    }

    public string Address { get; }

    public TypeDescription? Type { get; private set; }

    /// <summary>Removes the vGPU, and what was set for it.</summary>
    public void Clear()
    {
        Type = null;
        _resets.ForEach(reset => reset());
    }

    public void TakeAway()
    {
        _gpu.Folder.Remove($"virtfn{_number}");
        PhysicalDevice.TakeAway(_machine.Root, _folder);
        _vfio.TakeAway();
    }

    public string Describe() =>
        $"vf {Address} parent={_gpu.Description.Name} type={Type?.Id ?? "0"} group={_vfio.Number}"
        + $"{(_vfio.IsOpen ? " held" : "")}{(_leaving ? " leaving" : "")}";

    private string List()
    {
        var types = Type is null ? _gpu.Description.Types.Where(type => _gpu.WhyNot(type) == Errno.None) : [];
        var rows = types.Select(type => _gpu.Vfs.List == ListFormat.NameFirst
            ? $"{type.Name}    {type.Id}\n" : $"{type.Id,-5} : {type.Name}\n");
        return string.Concat(_gpu.Vfs.List == ListFormat.Header ? rows.Prepend("ID    : vGPU Name\n") : rows);
    }

    private void Store(string text, int process, Ending end) => end(KernelText.Number(text) switch
    {
        null => Errno.EINVAL,
        0 => Clear(process),
        var id => Set($"{id}"),
    });

    private Errno Set(string id)
    {
        if (Type is not null)
            return Errno.EPERM;
        if (_gpu.Description.Types.FirstOrDefault(type => type.Id == id) is not { } wanted)
            return _gpu.Description.Rules.Unknown;
        var refusal = _gpu.WhyNot(wanted);
        Type = refusal == Errno.None ? wanted : null;
        return refusal;
    }

    private Errno Clear(int process)
    {
        if (Type is null)
            return _gpu.Description.Rules.ClearIdle;
        // A process that opens the group to keep others out while it clears the VF is not a holder that the driver waits for.
        _remover = _vfio.IsOpen && !_vfio.HeldByOtherThan(process) ? process : _remover;
        if (_leaving || _vfio.HeldByOtherThan(process))
            return _gpu.Description.Rules.ClearHeld;
        Clear();
        return Errno.None;
    }

    private void Closed()
    {
        var wasRemover = _remover != TreeFile.NoProcess;
        _remover = TreeFile.NoProcess;
        var time = _gpu.Description.Rules.Leaving;
        if (wasRemover || time == TimeSpan.Zero)
            return;
        var closing = ++_closings;
        _leaving = true;
        _machine.Gate.After(time, () => _leaving &= closing != _closings);
    }
}
