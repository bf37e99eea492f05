using System.Text;
using LibvirtMdevHook.Simulator.HostFiles;
using LibvirtMdevHook.Simulator.Tree;

namespace LibvirtMdevHook.Simulator.Kernel;

/// <summary>
/// A parent in the dialect of the 2016 proposal: a table of types, 'mdev_create' and 'mdev_destroy', 'online' in each device.
/// </summary>
internal sealed class Rfc2016Parent(Machine machine, ParentDescription description) : SimulatedParent(machine, description)
{
    private static readonly string[] Files = ["mdev_supported_types", "mdev_create", "mdev_destroy"];

    protected override void Appear()
    {
        if (!Description.Types.IsEmpty)
            Folder.Add(Files[0], SysfsFile.Of(Table));
        Folder.Add(Files[1], SysfsFile.Of(null, Create));
        Folder.Add(Files[2], SysfsFile.Command((text, process, end) => end(Destroy(text, process))));
    }

    protected override void Disappear()
    {
        foreach (var file in Files)
            Folder.Remove(file);
    }

    /// <summary>The table as in the mailed proposal, with the header in two lines.</summary>
    private string Table()
    {
        var table = new StringBuilder("# vgpu_type_id, vgpu_type, max_instance, num_heads, frl_config, framebuffer,\nmax_resolution\n");
        foreach (var type in Description.Types.Where(type => !Description.Rules.ShrinkingTable || !OtherSizeInUse(type)))
        {
            table.Append($"{type.Id,-8},\"{type.Name}\",{type.MaxInstances,8},{type.Heads,8},{type.FrlConfig,8}");
            table.Append($",{type.Framebuffer,9},{type.MaxResolution,13}\n");
        }

        return table.ToString();
    }

    private Errno Create(string text)
    {
        var parts = text.Split(':', 2);
        if (KernelText.Uuid(parts[0]) is not { } uuid)
            return Errno.EINVAL;
        TypeDescription? type = null;
        string? domain = null;
        if (!Description.Types.IsEmpty && (parts.Length == 1 || !ParseArguments(parts[1], out type, out domain)))
            return Errno.EINVAL;
        if (Machine.Find(uuid) is not null)
            return Errno.EEXIST;
        if (Description.Rules.CreateBeforeOnline && Machine.Devices.Any(device => device.Online && device.DomainUuid == domain))
            return Errno.EPERM;
        var refusal = Refusal(type);
        if (refusal == Errno.None)
        {
            var device = Create(uuid, type, domain);
            device.Folder.Add("online", Description.Rules.NeverOnline
                ? SysfsFile.Of(() => "", _ => Errno.EINVAL)
                : SysfsFile.Of(() => device.Online ? "1\n" : "0\n", value => SetOnline(device, value)));
            device.Folder.Add("uevent", SysfsFile.Of(() => ""));
        }

        return refusal;
    }

    /// <summary>vgpu_type_id and vm_uuid, each once, and nothing else. A newline at the end belongs to the last value.</summary>
    private bool ParseArguments(string text, out TypeDescription? type, out string? domain)
    {
        var values = text.Split(',').Select(pair => pair.Split('=', 2)).ToLookup(pair => pair[0], pair => pair[^1]);
        var id = values["vgpu_type_id"].FirstOrDefault();
        var uuid = values["vm_uuid"].FirstOrDefault() ?? "";
        type = Description.Types.FirstOrDefault(type => type.Id == id);
        domain = uuid.Length == KernelText.UuidLength ? KernelText.Uuid(uuid) : null;
        return values.Sum(same => same.Count()) == 2 && type is not null && domain is not null;
    }

    private Errno Destroy(string text, int process)
    {
        if (KernelText.Uuid(text) is not { } uuid || Machine.Find(uuid) is not { Leaving: false } device || device.Parent != this)
            return Errno.EINVAL;
        if (device.Online || device.Vfio.HeldByOtherThan(process))
            return Errno.EBUSY;
        device.Leave(process, () => { });
        return Errno.None;
    }

    private static Errno SetOnline(MediatedDevice device, string text)
    {
        if (KernelText.Number(text) is not { } number)
            return Errno.EINVAL;
        device.Online = number > 0;
        return Errno.None;
    }
}
