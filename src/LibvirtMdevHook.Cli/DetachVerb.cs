using CommandLine;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Operations;

namespace LibvirtMdevHook.Cli;

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

    [Option("wait", Default = LibvirtCall.UsualWait, HelpText = "Seconds to wait at most for the guest to let go.")]
    public double Wait { get; set; }

    public int Run(Root root) => DeviceId.TryParse(Device, out var device)
        ? LibvirtCall.Run(Domain, new PlugWish(device, null), Persistent, Wait, (virsh, order) =>
            new HotPlugDetach(Workplace.Open(root, $"detach from domain '{Domain}'"), virsh, LibvirtCall.Notices, order).Run())
        : LibvirtCall.Complain($"'{Device}' is neither a uuid nor {PciAddress.Expected}");
}
