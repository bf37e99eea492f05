using LibvirtMdevHook.Simulator.HostFiles;
using LibvirtMdevHook.Simulator.Tree;

namespace LibvirtMdevHook.Simulator.Kernel;

/// <summary>A VF: a PCI device beside its PF, with a group of its own, that takes one type at a time.</summary>
internal sealed class VirtualFunction
{
    private readonly Machine machine;
    private readonly VfParent gpu;
    private readonly Folder folder;
    private readonly IommuGroup group;
    private readonly int number;
    private readonly List<Action> resets = [];
    private int remover = TreeFile.Nobody;
    private int closings;
    private bool leaving;

    public VirtualFunction(Machine machine, VfParent gpu, int number, string address)
    {
        (this.machine, this.gpu, this.number, Address) = (machine, gpu, number, address);
        var pf = gpu.Description;
        var isBound = number < gpu.Vfs.Count - gpu.Vfs.Unbound;
        folder = PhysicalDevice.Build(machine.Root, pf with
        {
            Name = address,
            Path = $"{pf.Path[..pf.Path.LastIndexOf('/')]}/{address}",
            Driver = isBound ? gpu.Vfs.Driver : null,
        }, stays: false);
        folder.AddLink("physfn", gpu.Folder);
        gpu.Folder.AddLink($"virtfn{number}", folder);
        group = machine.NewGroup(folder);
        folder.AddLink("iommu_group", group.Folder);
        group.Node.Closed += Closed;
        if (isBound)
        {
            folder.AddDeep("nvidia/creatable_vgpu_types", SysfsFile.Of(List));
            folder.AddDeep("nvidia/current_vgpu_type", SysfsFile.Both(() => $"{Type?.Id ?? "0"}\n", Store));
            foreach (var attribute in pf.Attributes)
            {
                folder.AddDeep(attribute.Path, VendorFile.For(attribute, number + 1, () => group.Node.IsOpen, out var reset));
                resets.Add(reset);
            }
        }
    }

    public string Address { get; }

    public TypeDescription? Type { get; private set; }

    /// <summary>The vGPU is gone, and what was set for it.</summary>
    public void Clear()
    {
        Type = null;
        resets.ForEach(reset => reset());
    }

    public void TakeAway()
    {
        gpu.Folder.Remove($"virtfn{number}");
        PhysicalDevice.TakeAway(machine.Root, folder);
        group.TakeAway();
    }

    public string Describe() =>
        $"vf {Address} parent={gpu.Description.Name} type={Type?.Id ?? "0"} group={group.Number}{(group.Node.IsOpen ? " held" : "")}{(leaving ? " leaving" : "")}";

    private string List()
    {
        var types = Type is null ? gpu.Description.Types.Where(type => gpu.WhyNot(type) == Errno.None) : [];
        var rows = types.Select(type => gpu.Vfs.List == ListFormat.NameFirst ? $"{type.Name}    {type.Id}\n" : $"{type.Id,-5} : {type.Name}\n");
        return string.Concat(gpu.Vfs.List == ListFormat.Header ? rows.Prepend("ID    : vGPU Name\n") : rows);
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
        {
            return Errno.EPERM;
        }

        if (gpu.Description.Types.FirstOrDefault(type => type.Id == id) is not { } wanted)
        {
            return gpu.Description.Rules.Unknown;
        }

        var refusal = gpu.WhyNot(wanted);
        Type = refusal == Errno.None ? wanted : null;
        return refusal;
    }

    private Errno Clear(int process)
    {
        if (Type is null)
        {
            return gpu.Description.Rules.ClearIdle;
        }

        // Who keeps others out while it clears is not who the driver waits for.
        remover = group.Node.IsOpen && !group.Node.HeldByOtherThan(process) ? process : remover;
        if (leaving || group.Node.HeldByOtherThan(process))
        {
            return gpu.Description.Rules.ClearHeld;
        }

        Clear();
        return Errno.None;
    }

    private void Closed()
    {
        var wasRemover = remover != TreeFile.Nobody;
        remover = TreeFile.Nobody;
        var time = gpu.Description.Rules.Leaving;
        if (wasRemover || time == TimeSpan.Zero)
        {
            return;
        }

        var closing = ++closings;
        leaving = true;
        machine.Gate.After(time, () => leaving &= closing != closings);
    }
}
