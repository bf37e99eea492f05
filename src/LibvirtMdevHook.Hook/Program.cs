using LibvirtMdevHook.Hook;
using LibvirtMdevHook.Linux;

// The time of libvirt's call is taken before anything that may take long: this call does nothing to
// what is younger.
var begin = Moment.Now;

// libvirtd waits for this program with the domain locked, so it touches neither sysfs nor XML: it
// looks whether the domain is one of ours, hands the operation to a worker, and waits for a
// sentence until its time is over.
var call = HookCall.Parse(args, Root.FromEnvironment(), begin);
if (call is null)
{
    Output.PrintSentence("libvirt-mdev-hook is run by libvirtd as a qemu hook (NAME OPERATION SUB-OPERATION -); people use virt-mdev");
    return 2;
}

try
{
    return call.Run();
}
#pragma warning disable CA1031 // Whatever goes wrong, an exit status that libvirtd does not expect could kill a running guest.
catch (Exception e)
#pragma warning restore CA1031
{
    return call.Fail(e.Message);
}
