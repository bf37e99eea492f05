using LibvirtMdevHook.Simulator.HostFiles;
using LibvirtMdevHook.Simulator.Tree;

namespace LibvirtMdevHook.Simulator.Kernel;

/// <summary>A parent: how many devices fit, by the vendor's rules. The dialects add how devices are requested.</summary>
internal abstract class SimulatedParent(Machine machine, ParentDescription description)
{
    public ParentDescription Description => description;

    public Folder Folder { get; } = PhysicalDevice.Build(machine.Root, description);

    public bool Registered { get; private set; }

    protected Machine Machine => machine;

    protected IEnumerable<MediatedDevice> Devices => machine.Devices.Where(device => device.Parent == this);

    /// <summary>The driver offers its types.</summary>
    public void Register()
    {
        if (!Registered)
        {
            Registered = true;
            Appear();
        }
    }

    /// <summary>The driver is unloaded, and its devices go with it.</summary>
    public void Unregister()
    {
        foreach (var device in Devices.ToArray())
            device.Leave(TreeFile.NoProcess, () => { });
        if (Registered)
        {
            Registered = false;
            Disappear();
        }
    }

    /// <summary>Removes what the dialect has outside the device's folder.</summary>
    public virtual void Disconnect(MediatedDevice device)
    {
    }

    /// <summary>The value of available_instances of a type now.</summary>
    public virtual int Available(TypeDescription type)
    {
        if (OtherSizeInUse(type))
            return 0;
        var count = TypesInUse.Count(used => description.Rules.OneSize || used == type);
        var pools = type.Costs.Select(cost => (description.Pools[cost.Key] - Used(cost.Key)) / cost.Value);
        return Math.Max(0, pools.Append(type.MaxInstances - count).Min());
    }

    public virtual IEnumerable<string> Describe()
    {
        var dialect = description.Dialect.ToString().ToLowerInvariant();
        var state = Registered ? "registered" : "unregistered";
        return [$"parent {description.Name} {dialect} {state} devices={TypesInUse.Count()}"];
    }

    /// <summary>The types of its devices, one for each.</summary>
    protected virtual IEnumerable<TypeDescription?> TypesInUse => Devices.Select(device => device.Type);

    protected abstract void Appear();

    protected abstract void Disappear();

    /// <summary>The errno with which a create of a type fails now.</summary>
    protected Errno Refusal(TypeDescription? type)
    {
        if (type is null)
            return TypesInUse.Count() < description.Rules.MaxDevices ? Errno.None : description.Rules.Full;
        if (OtherSizeInUse(type))
            return description.Rules.OtherSize;
        return Available(type) == 0 ? description.Rules.Full : Errno.None;
    }

    protected bool OtherSizeInUse(TypeDescription type) =>
        description.Rules.OneSize && TypesInUse.Any(used => used!.Framebuffer != type.Framebuffer);

    protected MediatedDevice Create(string uuid, TypeDescription? type, string? domain)
    {
        var number = Enumerable.Range(1, int.MaxValue - 1).First(number => Devices.All(device => device.Number != number));
        var device = machine.Add(new MediatedDevice(machine, this, uuid, type, number) { DomainUuid = domain });
        device.Folder.AddLink("subsystem", machine.MdevBus);
        foreach (var attribute in description.Attributes.Concat(type?.Attributes ?? []))
            device.Folder.AddDeep(attribute.Path, VendorFile.For(attribute, device.Number, () => device.Held, out _));
        if (description.Queues is { } queues)
        {
            device.Queues = new SimulatedMatrix(queues, device,
                () => machine.Devices.Select(other => other.Queues).OfType<SimulatedMatrix>());
        }

        return device;
    }

    private int Used(string pool) => TypesInUse.Sum(used => used!.Costs.GetValueOrDefault(pool));
}
