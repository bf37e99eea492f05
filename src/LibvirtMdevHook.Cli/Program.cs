using LibvirtMdevHook.Cli;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Operations;

// What is made is readable by people whatever the mask of who started this: a mode that is set afterwards is lost with a process that is
// killed before.
_ = Libc.umask(0x12);

// The hook starts this program with its socket on descriptor 3; for that way the command line parser is never set up.
if (args is ["worker"])
{
    using var hook = SocketEnd.Own(DetachedProcess.SocketNumber);
    return new Worker(Root.FromEnvironment(), hook).Run();
}

return ActingProcess.IsFor(args) ? ActingProcess.Run(args, Verbs.Run) : Verbs.Run(args);
