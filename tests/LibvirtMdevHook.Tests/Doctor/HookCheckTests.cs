using LibvirtMdevHook.Doctor;
using LibvirtMdevHook.Linux;
using NUnit.Framework;

namespace LibvirtMdevHook.Tests.Doctor;

/// <summary>What doctor finds about the hook, from the files of the host.</summary>
internal sealed class HookCheckTests
{
    private const string Program = "/usr/sbin/libvirt-mdev-hook";
    private const uint Executable = 0x81ed;
    private const uint Plain = 0x81a4;
    private const uint WritableByAll = 0x81ff;

    private static readonly HookFiles Good = new(
        Placed("/etc/libvirt/hooks/qemu.d/50-mdev", Program), Absent("/etc/libvirt/hooks/qemu"), null, Placed(Program),
        Placed("/usr/bin/virt-mdev"), [Placed("/etc/libvirt/hooks")], new Version(9, 0, 0));

    private static readonly HookFiles Old = Good with
    {
        Entry = Absent("/etc/libvirt/hooks/qemu.d/50-mdev"), OldHook = Placed("/etc/libvirt/hooks/qemu"),
        OldHookText = "#!/bin/sh\n# The hook of LibvirtMdevHook for old libvirt\n", Libvirt = new Version(6, 4, 0),
    };

    [Test]
    public void What_is_well_is_one_line() =>
        Assert.That((Said(Good), Said(Old)), Is.EqualTo((
            "Well: libvirt 9.0.0 calls '/usr/sbin/libvirt-mdev-hook' as '/etc/libvirt/hooks/qemu.d/50-mdev'",
            "Well: libvirt 6.4.0 calls '/usr/sbin/libvirt-mdev-hook' as '/etc/libvirt/hooks/qemu'")));

    [Test]
    public void An_entry_that_leads_nowhere_is_half_a_removal() =>
        Assert.That(Said(Good with { Entry = Good.Entry with { Status = null, Error = Errno.ENOENT }, Program = Absent(Program) }),
            Does.StartWith("Wrong: '/etc/libvirt/hooks/qemu.d/50-mdev' leads to '/usr/sbin/libvirt-mdev-hook', which is not there"));

    [Test]
    public void An_entry_that_cannot_be_executed_is_passed_over() =>
        Assert.That(Said(Good with { Entry = Placed(Good.Entry.Path, Program, Plain), Program = Placed(Program, Program, Plain) }),
            Does.StartWith("Wrong: ").And.Contain("cannot be executed, so that libvirt passes it over"));

    [Test]
    public void An_entry_is_nothing_to_a_libvirt_that_knows_none() =>
        Assert.That(Said(Good with { Libvirt = new Version(6, 4, 9) }),
            Does.StartWith("Wrong: libvirt 6.4.9 does not know '/etc/libvirt/hooks/qemu.d/50-mdev'"));

    [Test]
    public void Both_hooks_at_once_are_a_hint() =>
        Assert.That(Said(Good with { OldHook = Old.OldHook, OldHookText = Old.OldHookText }),
            Does.StartWith("Hint: both ").And.Contain("\nWell: "));

    [Test]
    public void A_foreign_hook_is_no_business_of_ours() =>
        Assert.That(Said(Good with { OldHook = Old.OldHook, OldHookText = "#!/bin/sh\nexit 0\n" }), Does.StartWith("Well: "));

    [Test]
    public void A_foreign_hook_that_only_speaks_of_ours_does_not_call_it() =>
        Assert.That(Said(Good with { Entry = Absent("/etc/libvirt/hooks/qemu.d/50-mdev"), OldHook = Old.OldHook,
            OldHookText = "#!/bin/sh\n # no libvirt-mdev-hook since May\n" }),
            Does.Contain("not installed"));

    [Test]
    public void An_old_hook_without_its_program_lets_everything_pass() =>
        Assert.That(Said(Old with { Program = Absent(Program) }), Does.StartWith("Wrong: ").And.Contain("lets everything pass"));

    [Test]
    public void A_worker_that_is_missing_is_named() =>
        Assert.That(Said(Good with { Worker = Absent("/usr/bin/virt-mdev") }),
            Does.StartWith("Wrong: '/usr/sbin/libvirt-mdev-hook' has no worker: '/usr/bin/virt-mdev' is not there"));

    [Test]
    public void What_others_can_write_to_is_run_as_root()
    {
        var hook = Placed(Program, Program, WritableByAll);
        var worker = Placed("/usr/bin/virt-mdev") is { Status: { } status } file ? file with { Status = status with { Uid = 1000 } } : null;

        Assert.That(Said(Good with { Program = hook, Worker = worker }).Split('\n'), Has.Length.EqualTo(2)
            .And.Some.StartsWith("Wrong: '/usr/sbin/libvirt-mdev-hook' can be written to by others than root")
            .And.Some.StartsWith("Wrong: '/usr/bin/virt-mdev' belongs to uid 1000, not to root"));
    }

    [TestCase(100.0, "Hint: libvirtd (pid 7) has been running since before the hook was installed")]
    [TestCase(1001.0, "Hint: ")]
    [TestCase(1003.0, "Well: libvirtd (pid 7) runs, and was started after the hook was installed")]
    [TestCase(null, "Hint: ")]
    public void A_daemon_knows_the_hook_for_certain_that_was_started_after_it(double? start, string expected) =>
        Assert.That(Said(DaemonCheck.Of(Good, new Processes([new LibvirtDaemon("libvirtd", "7", start)], false, true))),
            Does.StartWith(expected));

    [Test]
    public void A_place_that_AppArmor_does_not_know_keeps_domains_from_starting()
    {
        const string Rule = "  /opt/sbin/libvirt-mdev-hook PUx,\n";
        var opt = Good with { Program = Placed("/opt/sbin/libvirt-mdev-hook") };
        var enforced = new Confinement(false, null, "libvirtd (enforce)\n", Errno.None, ["", ""]);
        var complaining = enforced with { ApparmorProfiles = "libvirtd (complain)\nvirt-aa-helper (enforce)\n" };
        var unreadable = enforced with { ApparmorProfiles = null, ApparmorError = Errno.EACCES };
        var both = enforced with { ApparmorProfiles = "/usr/sbin/libvirtd (enforce)\nvirtqemud (enforce)\n", ApparmorRules = [Rule, ""] };

        Assert.Multiple(() =>
        {
            Assert.That(Apparmor(enforced, Good), Does.StartWith("Well: "));
            Assert.That(
                Apparmor(enforced, opt),
                Does.StartWith("Wrong: AppArmor does not let libvirtd execute '/opt/sbin/libvirt-mdev-hook', so that no domain starts"));
            Assert.That(Apparmor(complaining, opt), Does.StartWith("Well: "));
            Assert.That(Apparmor(enforced with { ApparmorRules = [Rule, ""] }, opt), Does.StartWith("Well: "));
            Assert.That(Apparmor(both, opt), Does.StartWith("Wrong: AppArmor does not let virtqemud execute "));
            Assert.That(Apparmor(unreadable, opt), Does.StartWith("Unknown: "));
            Assert.That(Apparmor(unreadable with { ApparmorError = Errno.ENOENT }, opt), Does.StartWith("Well: "));
        });
    }

    [Test]
    public void What_a_daemon_says_of_its_version_is_taken_as_it_is() =>
        Assert.That(new[] { "libvirtd (libvirt) 9.0.0\n", "virtqemud (libvirt) 10.10.0", "", "what?" }.Select(LibvirtVersion.Parse),
            Is.EqualTo(new[] { new Version(9, 0, 0), new Version(10, 10, 0), null, null }));

    [Test]
    public void Times_of_processes_are_read_past_any_name() =>
        Assert.That((Processes.BootTime("cpu 1 2\nbtime 1700000000\n"),
            Processes.StartTime("7 (a) b) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 250 20"), Processes.StartTime("7 (x")),
            Is.EqualTo((1700000000.0, 2.5, (double?)null)));

    private static string Apparmor(Confinement confinement, HookFiles hook) => Said(ConfinementCheck.Apparmor(confinement, hook));

    private static string Said(HookFiles files) => Said(HookCheck.Of(files, null));

    private static string Said(IEnumerable<Finding> findings) => string.Join('\n', findings.Select(f => $"{f.Severity}: {f.What}"));

    private static PlacedFile Placed(string path, string? target = null, uint mode = Executable) =>
        new(path, target ?? path, new FileStatus(1, mode, 0, 0, 1, 1000), Errno.None, 1000);

    private static PlacedFile Absent(string path) => new(path, path, null, Errno.ENOENT, null);
}
