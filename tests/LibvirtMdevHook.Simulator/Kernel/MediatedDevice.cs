using LibvirtMdevHook.Simulator.HostFiles;
using LibvirtMdevHook.Simulator.Tree;

namespace LibvirtMdevHook.Simulator.Kernel;

/// <summary>
/// A device from its creation until its removal has ended. Until then its uuid and its instance stay taken, though it leaves sysfs already
/// when a removal begins that has to wait for its holder.
/// </summary>
internal sealed class MediatedDevice
{
    private readonly Machine _machine;
    private readonly List<Action> _whenEnded = [];
    private int _closings;
    private bool _ended;

    public MediatedDevice(Machine machine, SimulatedParent parent, string uuid, TypeDescription? type, int number)
    {
        (_machine, Parent, Uuid, Type, Number) = (machine, parent, uuid, type, number);
        Folder = parent.Folder.Add(uuid);
        Vfio = machine.NewVfioDevice(Folder, isMdev: true);
        Vfio.Closed += Closed;
    }

    public string Uuid { get; }

    public SimulatedParent Parent { get; }

    /// <summary>Null on a parent without types.</summary>
    public TypeDescription? Type { get; }

    /// <summary>Its number among the devices of the parent, from 1; a free number is used again.</summary>
    public int Number { get; }

    public Folder Folder { get; }

    public VfioDevice Vfio { get; }

    public bool Held => Vfio.IsOpen;

    /// <summary>It has left sysfs.</summary>
    public bool Leaving => Folder.Gone;

    public bool Online { get; set; }

    /// <summary>The matrix of a vfio_ap device; null for others.</summary>
    public SimulatedMatrix? Queues { get; set; }

    /// <summary>The domain that it was created for, if the dialect has it.</summary>
    public string? DomainUuid { get; init; }

    /// <summary>Removes it from sysfs, and ends it as soon as it has no holder but the process that removes it.</summary>
    public void Leave(int process, Action then)
    {
        _whenEnded.Add(then);
        if (!Leaving)
        {
            Parent.Folder.Remove(Uuid);
            _machine.Disconnect(this);
        }

        if (!Vfio.HeldByOtherThan(process))
            End();
    }

    public string Describe() => $"device {Uuid} parent={Parent.Folder.Name} type={Type?.Id ?? "-"} group={Vfio.Number}"
        + $" online={(Online ? 1 : 0)}{(Held ? " held" : "")}{(Leaving ? " leaving" : "")}";

    private void End()
    {
        _ended = true;
        Vfio.TakeAway();
        _machine.Forget(this);
        foreach (var action in _whenEnded)
            action();
    }

    private void Closed()
    {
        var closing = ++_closings;
        if (_ended)
            return;
        if (Leaving)
        {
            End();
        }
        else if (Parent.Description.Rules.SelfRemove is { } delay)
        {
            _machine.Gate.After(delay, () =>
            {
                if (!Leaving && !Held && closing == _closings)
                    Leave(TreeFile.NoProcess, () => { });
            });
        }
    }
}
