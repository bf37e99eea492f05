using LibvirtMdevHook.Linux;
using NUnit.Framework;

namespace LibvirtMdevHook.Tests.Linux;

/// <summary>A worker that cannot be started: what helps depends on why.</summary>
internal sealed class DetachedProcessTests
{
    [TestCase(Errno.ENOENT, "No such file or directory (ENOENT)", "install libvirt-mdev-hook again or remove it altogether")]
    [TestCase(Errno.EACCES, "Permission denied (EACCES)", "install libvirt-mdev-hook again or remove it altogether")]
    [TestCase(Errno.ENOEXEC, "Exec format error (ENOEXEC)", "install libvirt-mdev-hook again or remove it altogether")]
    [TestCase(Errno.EAGAIN, "Resource temporarily unavailable (EAGAIN)",
        "no more processes may be started: raise TasksMax of libvirtd's unit (pids.max of its cgroup) or kernel.pid_max, and try again")]
    [TestCase(Errno.ENOMEM, "Cannot allocate memory (ENOMEM)", "free memory, or raise MemoryMax of libvirtd's unit, and try again")]
    [TestCase(Errno.EMFILE, "Too many open files (EMFILE)", "raise LimitNOFILE of libvirtd's unit, and try again")]
    [TestCase(Errno.ENFILE, "Too many open files in system (ENFILE)", "raise the sysctl fs.file-max, and try again")]
    [TestCase(Errno.EPERM, "Operation not permitted (EPERM)",
        "something on this host forbids libvirtd to start programs: the kernel's log may say what ('journalctl -k')")]
    public void The_remedy_is_that_of_the_error(Errno error, string words, string remedy) =>
        Assert.That(DetachedProcess.WhyNotStarted("/usr/bin/virt-mdev", error).Text,
            Is.EqualTo($"'/usr/bin/virt-mdev' cannot be started ({words}); {remedy}"));
}
