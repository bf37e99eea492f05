using LibvirtMdevHook.Hook;
using LibvirtMdevHook.Linux;

// libvirtd waits for this program with the domain locked, so it touches neither sysfs nor XML: it looks whether the domain is one of
// ours, hands the operation to a worker, and waits for a sentence until its time is over.
var call = HookCall.Parse(args);
if (call is null)
    return Output.Usage();
try
{
    return call.Run(Root.FromEnvironment());
}
#pragma warning disable CA1031 // Whatever goes wrong, an exit status that libvirtd does not expect could kill a running guest.
catch (Exception e)
#pragma warning restore CA1031
{
    return Output.Refuse(call, e.Message);
}
