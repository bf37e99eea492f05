using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Lab;

/// <summary>How install.sh tells a libvirtd that runs to look for hooks, and what it does when that cannot be told.</summary>
[TestFixture]
internal sealed class InstallerReloadTests : Installation
{
    private const string NetworkHook = "etc-libvirt/hooks/network";

    private const string Network = "<network><name>slow</name><forward mode='bridge'/><bridge name='br0'/></network>";

    [Test]
    public void A_daemon_that_initializes_is_told_when_it_serves()
    {
        // At the first start after a boot, a network's hook keeps the drivers from being initialized.
        File.WriteAllText(InLab("network.xml"), Network);
        Lab.Virsh("net-define", InLab("network.xml")).Expected("virsh net-define");
        Lab.Virsh("net-autostart", "slow").Expected("virsh net-autostart");
        Lab.StopDaemon();
        File.Delete(InLab("run/libvirt/network/autostarted"));
        Executable(NetworkHook, "echo begins >>/run/lab/initialization\n"
            + "for _ in $(seq 300); do [ ! -e /run/lab/go-on ] || exit 0; sleep 0.1; done");
        var reloads = Reloads();

        var start = Task.Run(Lab.StartDaemon);
        Wait.Until(() => File.Exists(InLab("run/lab/initialization")), () => Lab.DaemonLog);
        var install = Task.Run(Install);
        Wait.Until(() => File.Exists(InLab(Link)), () => "install.sh links nothing");
        var wasTold = install.Wait(TimeSpan.FromSeconds(3));
        File.WriteAllText(InLab("run/lab/go-on"), "");
        Task.WaitAll(start, install);

        Wait.Until(() => Reloads() > reloads, () => $"libvirtd did not look for hooks: {Lab.DaemonLog}");
        Assert.That(wasTold, Is.False);
        Assert.That(install.Result.Output, Does.Contain("Told libvirtd to look for hooks again."));
        Assert.That(Lab.DaemonLog, Does.Not.Contain("reload ignored"));
        File.Delete(InLab(NetworkHook));
    }

    [Test]
    public void A_daemon_that_does_not_answer_is_not_waited_for_without_an_end()
    {
        StandIn("timeout", "[ \"$1\" = 60 ] || exit 2; shift; exec /usr/bin/timeout 2 \"$@\"");
        var pid = File.ReadAllText(InLab("run/libvirtd.pid"));
        Lab.Run("kill", "-STOP", pid).Expected("kill");
        var outcome = Install();
        Lab.Run("kill", "-CONT", pid).Expected("kill");

        Assert.That(outcome.Errors, Is.EqualTo("install.sh: libvirtd may not have looked for hooks again, "
            + "as it gave no answer within 60 s: restart it, which leaves domains running.\n"));
        Assert.That(outcome.Output, Does.Contain("libvirt calls it as").And.Not.Contain("Told libvirtd"));
        Assert.That(File.Exists(InLab(Link)), Is.True);
    }

    [Test]
    public void A_reload_that_fails_is_a_sentence_and_ends_neither_installing_nor_uninstalling()
    {
        const string Sentence = "Job for libvirtd.service failed.\n"
            + "install.sh: libvirtd may not have looked for hooks again, as 'systemctl reload libvirtd.service' failed: "
            + "restart it, which leaves domains running.\n";
        Directory.CreateDirectory(InLab("run/systemd/system"));
        StandIn("systemctl", "case \"$*\" in\n*virtqemud*) exit 3 ;;\n"
            + "reload*) echo 'Job for libvirtd.service failed.' >&2; exit 1 ;;\nesac");

        var outcome = Install();
        Assert.That(outcome.Errors, Is.EqualTo(Sentence));
        Assert.That(outcome.Output, Does.Contain($"Installed '{InLab(Hook)}'").And.Contain("libvirt calls it as"));
        Assert.That(outcome.Output, Does.Not.Contain("Told libvirtd"));
        Assert.That(File.Exists(InLab(Link)) && File.Exists(InLab(VirtMdev)), Is.True);

        var removal = Uninstall().Expected("install.sh --uninstall");
        Assert.That(removal.Errors, Is.EqualTo(Sentence));
        Assert.That(removal.Output, Does.Contain("Removed LibvirtMdevHook"));
        Assert.That(Installed(), Is.Empty);
    }

    [Test]
    public void Where_there_is_no_virsh_nobody_is_asked()
    {
        var reloads = Reloads();
        StandIn("virsh", "exit 127");
        Assert.That(Install().Output, Does.Contain("Told libvirtd to look for hooks again."));
        Wait.Until(() => Reloads() > reloads, () => Lab.DaemonLog);
    }
}
