using CommandLine;
using LibvirtMdevHook.Devices;
using LibvirtMdevHook.DomainEdits;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.HotPlug;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Cli.Verbs;

/// <summary>virt-mdev detach: takes a device from a domain that runs, and removes it.</summary>
[Verb("detach", HelpText = "Take a device from a running domain (hot-unplug), and remove it when the guest has let go.")]
internal sealed class DetachVerb
{
    [Value(0, MetaName = "DOMAIN", Required = true, HelpText = "The domain's name, uuid or id.")]
    public string Domain { get; set; } = "";

    [Value(1, MetaName = "DEVICE", Required = true, HelpText = "The device's uuid, or a VF's PCI address.")]
    public string Device { get; set; } = "";

    [Option("persistent", HelpText = "Also from what is defined for the domain's next starts.")]
    public bool Persistent { get; set; }

    [Option("wait", Default = Terminal.UsualWait, HelpText = "Seconds to wait at most for the guest to let go.")]
    public double Wait { get; set; }

    public int Run(Root root)
    {
        if (!DeviceId.TryParse(Device, out var device))
            return Terminal.Fail($"'{Device}' is neither a uuid nor {PciAddress.Expected}");
        return Terminal.Run(Domain, new RequestedDevice(device, null), Persistent, Wait, (virsh, request) =>
            new DeviceDetach(OperationContext.Open(root, $"detach from domain '{Domain}'"), virsh, Terminal.WaitNotice, request).Run());
    }
}
