using LibvirtMdevHook.Linux;
using NUnit.Framework;

namespace LibvirtMdevHook.Tests.Linux;

/// <summary>Links below another root are resolved as if that root were '/'; locks are looked at without being taken.</summary>
internal sealed class ResolveTests
{
    [Test]
    public void Links_lead_on_below_the_root()
    {
        using var tree = new TreeOfText("""
            etc/hook -> /sbin/hook
            sbin -> usr/sbin
            usr/sbin/hook -> ../lib/hook-1
            usr/lib/
            round -> round
            up -> ../../../../usr
            """);

        Assert.That(new[] { "/etc/hook", "/nowhere/file", "/round", "/up/sbin/./x", "/" }.Select(tree.Root.Resolve),
            Is.EqualTo(new[] { "/usr/lib/hook-1", "/nowhere/file", null, "/usr/sbin/x", "/" }));
    }

    [Test]
    public void A_lock_that_is_held_is_seen_and_one_that_is_not_is_not()
    {
        using var tree = new TreeOfText("run/free =");
        var held = new HostPath(tree.PathOf("run/held"));
        using var own = FileLock.Take(held, Deadline.After(TimeSpan.Zero));

        var locks = HeldLocks.Read(new Root("/"))!;

        Assert.That((locks.Has(held), locks.Has(new HostPath(tree.PathOf("run/free"))),
            locks.Has(new HostPath(tree.PathOf("run/nowhere")))), Is.EqualTo((true, false, false)));
    }
}
