using LibvirtMdevHook.Cli;
using LibvirtMdevHook.HookOperations;
using LibvirtMdevHook.Linux;

// What is made is readable by people whatever the mask of who started this: a mode that is set afterwards is lost with a process that is
// killed before.
_ = Libc.umask(0x12);

// The hook starts this program with its socket on descriptor 3; for that way the command line parser is never set up.
if (args is ["worker"])
{
    using var hook = SocketEnd.Own(DetachedProcess.SocketNumber);
    return new Worker(Root.FromEnvironment(), hook).Run();
}

try
{
    return ChildCommand.IsFor(args) ? ChildCommand.Run(args, VerbTable.Run) : VerbTable.Run(args);
}
catch (Exception e) when (IsOfNoThread(e))
{
    // The runtime gets no thread of its own, and with it no way to ask libvirt or to undo anything.
    return Terminal.Fail("this host has no memory or no thread left for it; if it had begun to change anything, 'virt-mdev reconcile --apply' "
        + "or the end of the domain takes that back");
}

// The runtime begins its threads in initializers of its types and in tasks.
static bool IsOfNoThread(Exception e) => e is OutOfMemoryException or TypeInitializationException || e.InnerException is TaskSchedulerException
    || (e is AggregateException all && all.InnerExceptions.Any(IsOfNoThread));
