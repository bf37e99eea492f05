using CommandLine;
using LibvirtMdevHook.Devices;
using LibvirtMdevHook.DomainEdits;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.HotPlug;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Cli.Verbs;

/// <summary>virt-mdev attach: makes a device and attaches it to a domain that runs.</summary>
[Verb("attach", HelpText = "Make a device for a running domain and attach it (hot-plug).")]
internal sealed class AttachVerb
{
    [Value(0, MetaName = "DOMAIN", Required = true, HelpText = "The domain's name, uuid or id.")]
    public string Domain { get; set; } = "";

    [Option("type", HelpText = "The type's name or id, as in a declaration.")]
    public string? Type { get; set; }

    [Option("parent", HelpText = "One or more parents, separated by blanks, as in a declaration; any that fits if not given.")]
    public string Parent { get; set; } = "";

    [Option("args", HelpText = "Further vendor arguments of the 2016 interface, as in a declaration.")]
    public string Args { get; set; } = "";

    [Option("attr", HelpText = "NAME=VALUE of an attribute to set before the device goes online, as in a declaration; "
        + "may be given several times, after DOMAIN.")]
    public IEnumerable<string> Attr { get; set; } = [];

    [Option("uuid", HelpText = "The mediated device's uuid; if neither uuid nor address is given, a new one, "
        + "or a free VF where only VFs have the type.")]
    public string? Uuid { get; set; }

    [Option("address", HelpText = "The PCI address of a VF, instead of a mediated device.")]
    public string? Address { get; set; }

    [Option("persistent", HelpText = "Also for the domain's next starts; a domain that does not run gets the device at its next start.")]
    public bool Persistent { get; set; }

    [Option("wait", Default = Terminal.UsualWait, HelpText = "Seconds to wait at most.")]
    public double Wait { get; set; }

    public int Run(Root root)
    {
        if (Device(out var problem) is not { } device)
            return Terminal.Fail(problem);
        if (Attr.FirstOrDefault(a => !a.Contains('=', StringComparison.Ordinal)) is { } lone)
            return Terminal.Fail($"--attr '{lone}' is not NAME=VALUE");
        string[] texts = [.. Attr, Type ?? "", Parent, Args];
        if (Array.Find(texts, text => text.AsSpan().IndexOfAny('\ufffe', '\uffff') >= 0) is { } odd)
            return Terminal.Fail($"'{odd}' has a character that no domain XML can hold");
        var requested = new RequestedDevice(device, Type, Parent, Args, IsUnnamed: Uuid is null && Address is null)
        {
            Attrs = [.. Attr.Select(a => a.Split('=', 2)).Select(pair => (pair[0], pair[1]))],
        };
        return Terminal.Run(Domain, requested, Persistent, Wait, (virsh, request) =>
            new DeviceAttach(OperationContext.Open(root, $"attach to domain '{Domain}'"), virsh, Terminal.WaitNotice, request).Run());
    }

    private DeviceId? Device(out string problem)
    {
        problem = "";
        if (Uuid is null && Address is null)
            return DeviceId.Mdev(Guid.NewGuid());
        if (Uuid is not null && Address is not null)
            problem = "give either --uuid, of a mediated device, or --address, of a VF";
        else if (PciAddress.TryParse(Address, out var address))
            return DeviceId.Vf(address);
        else if (Address is not null)
            problem = $"--address '{Address}' is not {PciAddress.Expected}";
        else if (DeviceId.TryParseUuid(Uuid, out var uuid))
            return DeviceId.Mdev(uuid);
        else
            problem = $"--uuid '{Uuid}' is not a uuid such as '{Guid.NewGuid()}'";
        return null;
    }
}
