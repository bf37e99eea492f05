using LibvirtMdevHook.Linux;
using NUnit.Framework;

namespace LibvirtMdevHook.FaultTests.Stuck;

/// <summary>A process that still acts or waits when its caller has ended and libvirtd may be restarted.</summary>
internal sealed class LeftProcess(int id)
{
    private static readonly TimeSpan LockTime = TimeSpan.FromSeconds(2);

    /// <summary>
    /// It holds nothing that another process waits for. A hook's worker is in a session of its own, because the end of libvirtd signals its
    /// session and process group, and it has none of libvirtd's pipes. The process behind virt-mdev may have pipes: their reader is done
    /// when the call has ended.
    /// </summary>
    /// <param name="hostLock">The file of the lock that all domains need.</param>
    /// <param name="isStopped">Then it holds what it held when it was stopped.</param>
    public void MustHaveLetGo(string hostLock, bool isHooks, bool isStopped)
    {
        try
        {
            if (isHooks)
            {
                Assert.That(ProcessTable.Session(id), Is.EqualTo(id).Or.Zero, "a worker is in the session of its hook");
                Assert.That(ProcessTable.Files(id), Has.None.StartsWith("pipe:"), "a worker has a pipe of libvirtd's");
            }

            if (!isStopped)
                Assert.That(Deadline.After(LockTime).Wait(() => !ProcessTable.HasLock(id, hostLock)),
                    "it keeps the host's lock while it waits");
        }
        catch (Exception e) when (e is IOException && ProcessTable.IsOver(id))
        {
            // It has just ended.
        }
    }
}
