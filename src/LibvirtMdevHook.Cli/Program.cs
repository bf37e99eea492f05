using LibvirtMdevHook.Cli;
using LibvirtMdevHook.HookOperations;
using LibvirtMdevHook.Linux;

// Files that this program makes are readable by all users, whatever the mask of its caller. A mode
// that is set afterwards would be missing if the process is killed before.
_ = Libc.umask(0x12);

// The hook starts this program with its socket on descriptor 3. The worker never sets up the
// command line parser.
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
    // Without a thread the runtime has no way to ask libvirt or to undo anything.
    return Terminal.Fail("this host has no memory or no thread left for it; "
        + "if it had begun to change anything, 'virt-mdev reconcile --apply' or the end of the domain takes that back");
}

// The runtime starts its threads in initializers of its types and in tasks, so that a failure comes
// as one of these exceptions.
static bool IsOfNoThread(Exception e)
{
    if (e is AggregateException all && all.InnerExceptions.Any(IsOfNoThread))
        return true;
    return e is OutOfMemoryException or TypeInitializationException || e.InnerException is TaskSchedulerException;
}
