using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Lab;

/// <summary>install.sh, run for real in a lab, so that all that it writes is the lab's.</summary>
[TestFixture]
internal sealed class InstallerTests : Installation
{
    private static readonly string[] Schemas = ["mdev-hook.rng", "mdev-hook.xsd"];

    [Test]
    public void What_it_installs_is_what_libvirt_calls()
    {
        var reloads = Reloads();
        Install();

        Assert.That(new FileInfo(InLab(Link)).LinkTarget, Is.EqualTo(InLab(Hook)));
        Assert.That(File.ReadAllBytes(InLab(Hook)), Is.EqualTo(File.ReadAllBytes(SourceTree.Hook)));
        Assert.That(File.ReadAllBytes(InLab(VirtMdev)), Is.EqualTo(File.ReadAllBytes(SourceTree.VirtMdev)));
        Assert.That(Directory.GetFiles(InLab(Share + "/schemas")).Select(Path.GetFileName), Is.EquivalentTo(Schemas));
        Assert.That(File.ReadAllLines(InLab(Configuration)).Where(line => line.Length > 0), Has.All.StartsWith("#"));
        Wait.Until(() => Reloads() > reloads, () => Lab.DaemonLog);
    }

    [Test]
    public void An_upgrade_replaces_by_rename_and_keeps_an_edited_configuration()
    {
        Install();
        var inode = Inode(Hook);
        File.WriteAllText(InLab(Configuration), "numa = \"require\"\n");
        var outcome = Install();

        Assert.That(outcome.Output, Does.Contain("Kept '/etc/libvirt/mdev-hook.conf'"));
        Assert.That(File.ReadAllText(InLab(Configuration)), Is.EqualTo("numa = \"require\"\n"));
        Assert.That(Inode(Hook), Is.Not.EqualTo(inode), "a running program is not written to");
        Assert.That(Directory.GetFiles(InLab("usr"), "*.new", SearchOption.AllDirectories), Is.Empty);
    }

    [Test]
    public void A_configuration_that_was_not_edited_is_upgraded()
    {
        Install();
        File.WriteAllText(InLab(Configuration), "# of an older version\n");
        File.WriteAllText(InLab(Share + "/mdev-hook.conf"), "# of an older version\n");
        Install();

        Assert.That(File.ReadAllText(InLab(Configuration)), Does.Contain("placement"));
    }

    [Test]
    public void A_failure_leaves_the_previous_install_as_it_was()
    {
        Install();
        var inode = Inode(Hook);
        var broken = Directory.CreateDirectory(InLab("usr/broken"));
        Command.Run("cp", "-r", SourceTree.Published + "/sbin", SourceTree.Published + "/bin", broken.FullName).Expected("cp");
        File.WriteAllText(Path.Combine(broken.FullName, "sbin/libvirt-mdev-hook"), "#!/nowhere/interpreter\n");
        var outcome = InstallFrom(broken.FullName, "9.0.0");

        Assert.That(outcome.Status, Is.EqualTo(1));
        Assert.That(outcome.Errors, Does.Contain("does not run on this machine"));
        Assert.That(Inode(Hook), Is.EqualTo(inode));
        Assert.That(File.Exists(InLab(Link)), Is.True);
    }

    [Test]
    public void Uninstalling_leaves_nothing_but_the_log_and_an_edited_configuration()
    {
        Install();
        Directory.CreateDirectory(InLab(State + "/domains"));
        File.WriteAllText(InLab(State + "/lock"), "");
        File.WriteAllText(InLab("log/mdev-hook.log"), "what happened\n");
        Assert.That(Uninstall().Expected("install.sh --uninstall").Output, Does.Contain("Left the log, '/var/log/libvirt/mdev-hook.log'"));
        Assert.That(Installed(), Is.Empty);
        Assert.That(Lab.HookLog, Is.EqualTo("what happened\n"));

        Install();
        File.AppendAllText(InLab(Configuration), "numa = \"require\"\n");
        Assert.That(Uninstall().Output, Does.Contain("Left '/etc/libvirt/mdev-hook.conf'"));
        Assert.That(Installed(), Is.EqualTo(new[] { Configuration }));
    }

    [Test]
    public void Records_stand_in_the_way_of_uninstalling()
    {
        const string Record = "removing/0000:86:00.4.xml";
        Install();
        Directory.CreateDirectory(Path.Combine(Lab.Records, "removing"));
        File.WriteAllText(Path.Combine(Lab.Records, Record), "");

        var refused = Uninstall();
        Assert.That(refused.Status, Is.EqualTo(1));
        Assert.That(refused.Errors, Does.Contain("/run/libvirt-mdev/" + Record));
        Assert.That(File.Exists(InLab(Hook)), Is.True);

        Assert.That(Uninstall("--force").Expected("--force").Output, Does.Contain("/run/libvirt-mdev/" + Record));
        Assert.That(Installed(), Is.EqualTo(new[] { State }));
        Assert.That(File.Exists(InLab($"{State}/{Record}")), Is.True);
    }

    [Test]
    public void What_was_set_aside_is_left_for_people_to_look_at()
    {
        Install();
        Directory.CreateDirectory(Path.Combine(Lab.Records, "set-aside"));
        File.WriteAllText(Path.Combine(Lab.Records, "set-aside/win10.xml.17"), "torn");

        Assert.That(Uninstall().Expected("install.sh --uninstall").Output, Does.Contain("Left '/run/libvirt-mdev/set-aside'"));
        Assert.That(Installed(), Is.EqualTo(new[] { State }));
    }

    [Test]
    public void A_foreign_hook_stays_as_it_is()
    {
        File.WriteAllText(InLab(OldHook), "#!/bin/sh\n");
        Install();
        Uninstall().Expected("install.sh --uninstall");

        Assert.That(File.ReadAllText(InLab(OldHook)), Is.EqualTo("#!/bin/sh\n"));
    }

    [Test]
    public void Libvirt_before_6_5_gets_hooks_qemu_and_loses_it_with_an_upgrade()
    {
        InstallFor("6.4.0").Expected("install.sh");
        Assert.That(File.ReadAllText(InLab(OldHook)), Does.Contain($"hook={InLab(Hook)}\n"));
        Assert.That(Path.Exists(InLab(Link)), Is.False);

        InstallFor("6.10.0").Expected("install.sh");
        Assert.That(File.Exists(InLab(OldHook)), Is.False);
        Assert.That(File.Exists(InLab(Link)), Is.True);
    }

    [Test]
    public void Libvirt_before_6_5_with_a_hook_of_somebody_else_is_refused_until_that_one_calls_ours()
    {
        File.WriteAllText(InLab(OldHook), "#!/bin/sh\n");
        var outcome = InstallFor("6.0.0");

        Assert.That(outcome.Status, Is.EqualTo(1));
        Assert.That(outcome.Errors, Does.StartWith("install.sh: libvirt 6.0.0 calls '/etc/libvirt/hooks/qemu' and no other"));
        Assert.That(Installed(), Is.Empty);

        File.AppendAllText(InLab(OldHook), $"{InLab(Hook)} \"$@\"\n");
        InstallFor("6.0.0").Expected("install.sh");
    }

    [TestCase("prepare", 3)]
    [TestCase("start", 3)]
    [TestCase("migrate", 3)]
    [TestCase("restore", 0)]
    [TestCase("started", 0)]
    [TestCase("stopped", 0)]
    [TestCase("release", 0)]
    [TestCase("reconnect", 0)]
    [TestCase("attach", 0)]
    public void Hooks_qemu_says_no_only_where_libvirt_may_hear_it(string operation, int status)
    {
        InstallFor("6.4.0").Expected("install.sh");
        File.WriteAllText(InLab(Hook), "#!/bin/sh\necho \"$@\"\ncat\nexit 3\n");
        var outcome = Lab.Run("sh", "-c", $"printf stdin | /etc/libvirt/hooks/qemu --help {operation} begin -");

        Assert.That(outcome.Output, Is.EqualTo($"--help {operation} begin -\nstdin"));
        Assert.That(outcome.Status, Is.EqualTo(status));

        File.Delete(InLab(Hook));
        Assert.That(Lab.Run("/etc/libvirt/hooks/qemu", "name", operation, "begin", "-").Status, Is.Zero);
    }

    [Test]
    public void Under_destdir_nothing_else_is_touched()
    {
        var dest = InLab("dest");
        Destdir("--prebuilt", SourceTree.Published, "--wait-for-nvidia");

        Assert.That(new FileInfo($"{dest}/etc/libvirt/hooks/qemu.d/50-mdev").LinkTarget, Is.EqualTo("/usr/sbin/libvirt-mdev-hook"));
        Assert.That(File.Exists($"{dest}/usr/sbin/libvirt-mdev-hook"), Is.True);
        foreach (var daemon in new[] { "libvirtd", "virtqemud" })
        {
            var dropIn = File.ReadAllText($"{dest}/etc/systemd/system/{daemon}.service.d/50-mdev-hook.conf");
            Assert.That(dropIn, Does.Contain("After=nvidia-vgpud.service nvidia-vgpu-mgr.service"));
        }

        Assert.That(Installed(), Is.Empty);
        Destdir("--uninstall");
        Assert.That(Directory.GetFiles(dest, "*", SearchOption.AllDirectories), Is.Empty);

        void Destdir(params string[] options)
        {
            var outcome = Lab.Run(["env", $"DESTDIR={dest}", SourceTree.Installer, .. options]).Expected("install.sh");
            Assert.That(outcome.Output, Does.Not.Contain("Told libvirtd"));
        }
    }

    [TestCase("unknown option '--bad'", "PREFIX=/usr", "--bad")]
    [TestCase("'--prebuilt' wants a folder", "PREFIX=/usr", "--prebuilt")]
    [TestCase("PREFIX is 'usr', and has to begin with '/'", "PREFIX=usr", "--uninstall")]
    public void Misuse_is_one_sentence(string sentence, string prefix, string option)
    {
        var outcome = Lab.Run("env", prefix, SourceTree.Installer, option);

        Assert.That(outcome.Status, Is.EqualTo(2));
        Assert.That(outcome.Errors, Is.EqualTo($"install.sh: {sentence}; './install.sh --help' lists what there is.\n"));
    }

    private string Inode(string path) => Command.Run("stat", "-c", "%i", InLab(path)).Expected("stat").Output;
}
