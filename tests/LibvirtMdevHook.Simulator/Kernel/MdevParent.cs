using LibvirtMdevHook.Simulator.HostFiles;
using LibvirtMdevHook.Simulator.Tree;

namespace LibvirtMdevHook.Simulator.Kernel;

/// <summary>A parent in the mainline kernel's dialect: a folder for each type, 'create' in it, 'remove' in each device.</summary>
internal class MdevParent(Machine machine, ParentDescription description) : SimulatedParent(machine, description)
{
    private const string Types = "mdev_supported_types";
    private const string Bus = "sys/class/mdev_bus";

    public override void Disconnect(MediatedDevice device) => Links(device.Type!).Remove(device.Uuid);

    protected override void Appear()
    {
        Machine.Root.Make(Bus).AddLink(Description.Name, Folder);
        var types = Folder.Add(Types);
        foreach (var type in Description.Types)
        {
            var folder = types.Add(type.Id);
            folder.Add("create", SysfsFile.Of(null, text => Create(type, text)));
            folder.Add("available_instances", SysfsFile.Of(() => $"{Available(type)}\n"));
            folder.Add("device_api", SysfsFile.Fixed(type.DeviceApi));
            folder.Add("devices");
            if (type.Name is { } name)
                folder.Add("name", SysfsFile.Fixed(name));
            if (type.Description is { } text)
                folder.Add("description", SysfsFile.Fixed(text));
        }
    }

    protected override void Disappear()
    {
        Folder.Remove(Types);
        Machine.Root.Make(Bus).Remove(Description.Name);
    }

    private Folder TypeFolder(TypeDescription type) => (Folder)((Folder)Folder.Find(Types)!).Find(type.Id)!;

    private Folder Links(TypeDescription type) => (Folder)TypeFolder(type).Find("devices")!;

    private Errno Create(TypeDescription type, string text)
    {
        if (text.Length is not (KernelText.UuidLength or KernelText.UuidLength + 1) || KernelText.Uuid(text) is not { } uuid)
            return Errno.EINVAL;
        if (Machine.Find(uuid) is not null)
            return Errno.EEXIST;
        var refusal = Refusal(type);
        if (refusal != Errno.None)
            return refusal;
        var device = Create(uuid, type, null);
        Links(type).AddLink(uuid, device.Folder);
        device.Folder.AddLink("mdev_type", TypeFolder(type));
        var hasDriver = Machine.VfioNodes != VfioNodesDescription.None;
        if (hasDriver)
            device.Folder.AddLink("driver", Machine.MdevDriver);
        device.Folder.Add("uevent", SysfsFile.Fixed(hasDriver ? "DRIVER=vfio_mdev" : ""));
        device.Folder.Add("remove", SysfsFile.Command((value, process, end) => Remove(device, value, process, end)));
        return Errno.None;
    }

    private void Remove(MediatedDevice device, string text, int process, Ending end)
    {
        switch (KernelText.Number(text))
        {
            case null:
                end(Errno.EINVAL);
                break;
            case 0:
                end(Errno.None);
                break;
            default:
                if (Description.Rules.RemoveRefuses && device.Vfio.HeldByOtherThan(process))
                    end(Errno.EBUSY);
                else
                    device.Leave(process, () => end(Errno.None));
                break;
        }
    }
}
