using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Scenarios;

/// <summary>kill -9 of virt-mdev at each step: whatever follows, nothing is lost and nothing stays.</summary>
[TestFixture]
internal sealed class HotPlugKillTests() : HotPlugScenario("m60-rfc2016.xml")
{
    /// <summary>A step of attach --persistent, by its call of virsh, and whether the step is done when virt-mdev is killed.</summary>
    private static readonly object[] Steps =
    [
        .. new[] { "*dumpxml*", "*metadata*--config*", "*attach-device*--config", "*metadata*--live*", "*attach-device*--live" }
            .SelectMany(call => new[] { new object[] { call, false }, [call, true] }),
    ];

    private static readonly string[] Moments = ["**/mdev_create", "**/online"];

    [TestCaseSource(nameof(Steps))]
    public void The_end_of_the_domain_takes_everything_down(string call, bool isDone)
    {
        var domain = StartPlain("killed");
        KillAttach(domain, call, isDone);
        Destroy(domain);

        NothingMayBeLeft();
    }

    [TestCase("*metadata*--config*", true)]
    [TestCase("*attach-device*--config", true)]
    [TestCase("*metadata*--live*", false)]
    [TestCase("*attach-device*--live", true)]
    public void A_detach_puts_everything_right(string call, bool isDone)
    {
        var domain = StartPlain("mended");
        var before = (Xml(domain), Xml(domain, "--inactive"));
        KillAttach(domain, call, isDone);
        var detach = Task.Run(() => Detach(domain, "--persistent"));
        LetGoUntilEndOf(detach, domain);

        // An attach that was killed before its first step leaves nothing to detach.
        Assert.That(detach.Result.Status == 0 || detach.Result.Errors.Contains("it has no device", StringComparison.Ordinal),
            detach.Result.Errors);
        Assert.That(Exists(Device), Is.False);
        Assert.That((Xml(domain), Xml(domain, "--inactive")), Is.EqualTo(before));
        NothingMayBeLeft();
    }

    [TestCaseSource(nameof(Steps))]
    public void The_same_attach_again_ends_as_one(string call, bool isDone)
    {
        var domain = StartPlain("again");
        KillAttach(domain, call, isDone);
        if (!Devices(domain).Has.Contains(Device))
            Attach(domain, "--persistent").Expected("attach");
        Assert.That(Devices(domain), Is.EqualTo((new[] { Device }, new[] { Device })));
        Assert.That(Devices(domain, "--inactive"), Is.EqualTo((new[] { Device }, new[] { Device })));
        Destroy(domain);
        Start(domain.Uuid);
        Assert.That(Exists(Device));
        Destroy(domain);
    }

    [TestCaseSource(nameof(Moments))]
    public void In_the_middle_of_a_write_reconcile_takes_down_what_came_of_it(string file)
    {
        var domain = StartPlain("written");
        Lab.Host.Control($"fault hang op=write path={file} count=1");
        var attach = Task.Run(() => Attach(domain));
        WaitForLine("begin write");
        Lab.Run("pkill", "-KILL", "-f", $"virt-mdev attach {domain.Name}").Expected("pkill");
        Lab.Host.Control("clear");
        Assert.That(attach.Result.Status, Is.Not.Zero);

        Assert.That(VirtMdev("reconcile"),
            Does.Match($"^half-attached: the device '{Device}' .* of 'written' .*, which runs without it\n$"));
        Assert.That(VirtMdev("reconcile", "--apply"), Does.EndWith(", which runs without it; cleaned up\n"));
        NothingMayBeLeft();
        Assert.That(VirtMdev("reconcile"), Is.EqualTo("Nothing is left over.\n"));
    }

    [TestCase("*detach-device*--live", false)]
    [TestCase("*detach-device*--live", true)]
    [TestCase("*metadata*--live*", false)]
    [TestCase("*metadata*--live*", true)]
    public void A_detach_that_was_killed_goes_on_when_it_is_called_again(string call, bool isDone)
    {
        var domain = StartPlain("resumed");
        Attach(domain).Expected("attach");
        using (var virsh = FaultyVirsh.Killing(Lab, call, isDone))
        {
            var killed = Task.Run(() => Detach(domain, virsh));
            LetGoUntilEndOf(killed, domain);
            Assert.That(killed.Result.Status, Is.EqualTo(137), killed.Result.Errors);
        }

        var detach = Task.Run(() => Detach(domain));
        LetGoUntilEndOf(detach, domain);
        Assert.That(detach.Result.Status == 0 || !Devices(domain).Declares.Contains(Device), detach.Result.Errors);
        Assert.That(Devices(domain), Is.EqualTo((Array.Empty<Guid>(), Array.Empty<Guid>())));
        NothingMayBeLeft();
    }

    private void KillAttach(VgpuDomain domain, string call, bool isDone)
    {
        using var virsh = FaultyVirsh.Killing(Lab, call, isDone, nth: call == "*dumpxml*" ? 2 : 1);
        Assert.That(Attach(domain, virsh, "--persistent").Status, Is.EqualTo(137));
        Assert.That(virsh.WasMet);
    }
}
