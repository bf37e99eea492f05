using LibvirtMdevHook.Linux;
using NUnit.Framework;

namespace LibvirtMdevHook.FaultTests.Stuck;

/// <summary>A process that still acts, or waits to, when who was called has ended, and when libvirtd may be restarted.</summary>
internal sealed class LeftProcess(int id)
{
    private static readonly TimeSpan LockTime = TimeSpan.FromSeconds(2);

    /// <summary>
    /// It has nothing that somebody else waits for. A hook's worker is in a session of its own, as what libvirtd's end signals is its
    /// session and its process group, and has none of libvirtd's pipes; virt-mdev's is let go of by those who read its pipes, as the call
    /// has ended.
    /// </summary>
    /// <param name="hostLock">The file of the lock that all domains need.</param>
    /// <param name="isStopped">Then it has what it had at that moment.</param>
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
            // It has ended meanwhile.
        }
    }
}
