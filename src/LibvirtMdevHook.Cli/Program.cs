using LibvirtMdevHook.Cli;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Operations;

// The hook starts this program with its socket on descriptor 3; for that way the command line parser is never set up.
if (args is ["worker"])
{
    using var hook = SocketEnd.Own(DetachedProcess.SocketNumber);
    return new Worker(Root.FromEnvironment(), hook).Run();
}

return ActingProcess.IsFor(args) ? ActingProcess.Run(args, Verbs.Run) : Verbs.Run(args);
