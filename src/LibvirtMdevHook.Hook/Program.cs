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
catch (IOException e)
{
    return Output.Refuse(call, e.Message);
}
