using LibvirtMdevHook.Doctor;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using NUnit.Framework;

namespace LibvirtMdevHook.Tests.Doctor;

/// <summary>Whether a libvirt that runs calls the hooks of this host, and what its version cannot do.</summary>
internal sealed class LibvirtDaemonTests
{
    private const string Hook = "etc/libvirt/hooks/qemu.d/50-mdev";

    /// <summary>A host with the hook, and a libvirtd that was started after it was installed.</summary>
    private const string Installed = $"""
        {Hook} -> /usr/sbin/libvirt-mdev-hook
        usr/sbin/libvirt-mdev-hook = x
        usr/bin/virt-mdev = x
        proc/1/comm = systemd\n
        proc/stat = btime 4000000000\n
        proc/self/ns/mnt -> mnt:[1]

        """;

    private const string Elsewhere = ": it does not call the hooks of this host; use the libvirt of this host's distribution, "
        + "or install the hook where that one looks for hooks";

    private const string Loses =
        " deletes the managed save of a domain when a hook fails at its restore, and says that it was started; ";

    [TestCase("/usr/sbin/libvirtd", "mnt:[1]", "../..", "Well: libvirtd (pid 4111) runs, and was started after the hook was installed")]
    [TestCase("/usr/sbin/libvirtd", "mnt:[2]", "../..", "Well: libvirtd (pid 4111) runs", Description = "its mounts show the same hooks")]
    [TestCase("/usr/sbin/libvirtd (deleted)", "mnt:[1]", "../..", "Well: libvirtd", Description = "the package was upgraded")]
    [TestCase("/usr/sbin/libvirtd", "mnt:[2]", "../../other",
        "Wrong: libvirtd (pid 4111) runs in another mount namespace, with another /etc/libvirt/hooks" + Elsewhere)]
    [TestCase("/usr/sbin/libvirtd", "mnt:[2]", "../../empty", "Wrong: libvirtd (pid 4111) runs in another mount namespace")]
    [TestCase("/usr/sbin/libvirtd", "mnt:[2]", "../../container",
        "Wrong: libvirtd (pid 4111) runs in another mount namespace, which has the entry of our hook but not its program" + Elsewhere)]
    [TestCase("/usr/sbin/libvirtd", "mnt:[1]", "../../other", "Wrong: libvirtd (pid 4111) runs with another root")]
    [TestCase("/snap/openstack-hypervisor/7/usr/sbin/libvirtd", "mnt:[2]", "../../other",
        "Wrong: libvirtd (pid 4111) is '/snap/openstack-hypervisor/7/usr/sbin/libvirtd'" + Elsewhere)]
    [TestCase("/nix/store/1-libvirt-10.0.0/bin/.libvirtd-wrapped", "mnt:[1]", "../..", "Wrong: libvirtd (pid 4111) is '/nix/store/1-")]
    [TestCase("/opt/libvirt/sbin/libvirtd", "mnt:[1]", "../..",
        "Unknown: libvirtd (pid 4111) is '/opt/libvirt/sbin/libvirtd', which may look for hooks elsewhere than in '/etc/libvirt/hooks'")]
    public void A_daemon_that_has_other_hooks_is_no_proof_that_ours_is_called(
        string program, string mounts, string root, string expected)
    {
        using var tree = new TreeOfText(Installed + Daemon("4111", program, mounts, root)
            + $"other/{Hook} = x\nempty/\ncontainer/etc/libvirt -> ../../etc/libvirt");

        Assert.That(Said(tree)[0], Does.StartWith(expected));
    }

    [Test]
    public void A_daemon_of_a_container_is_a_hint_beside_one_that_calls_our_hook()
    {
        using var tree = new TreeOfText(
            Installed + Daemon("4111", "/usr/sbin/libvirtd", "mnt:[2]", "../../empty")
            + Daemon("4112", "/usr/sbin/libvirtd", "mnt:[1]", "../..") + "empty/");

        Assert.That(Said(tree).Select(said => said.Split(' ')[0]), Is.EqualTo(new[] { "Hint:", "Well:" }));
    }

    [Test]
    public void A_libvirt_that_calls_other_hooks_is_not_said_to_call_ours()
    {
        using var tree = new TreeOfText(Installed + Daemon("4111", "/snap/x/libvirtd", "mnt:[2]", "../../empty") + "empty/");
        var hook = HookFiles.Read(tree.Root, Deadline.After(TimeSpan.FromSeconds(5)));

        Assert.That(HookCheck.Of(hook with { Libvirt = new Version(9, 0, 0) }, Processes.Read(tree.Root)).Select(f => f.Severity),
            Has.None.EqualTo(Severity.Well));
    }

    [Test]
    public void Hooks_that_may_not_be_looked_at_are_unknown() => Assert.That(
        DaemonCheck.Of(Files(new Version(9, 0, 0)), new Processes(
            [new LibvirtDaemon("virtqemud", "7", 2000) { Hooks = HooksSeen.Unknown }], false, true)).Single().ToString(),
        Does.Contain("whether virtqemud (pid 7) calls the hooks of this host is for root to see").And.Contain("Unknown"));

    [Test]
    public void A_libvirt_without_a_version_is_not_known_to_call_the_hook()
    {
        using var tree = new TreeOfText(Installed);
        foreach (var program in new[] { "usr/sbin/libvirt-mdev-hook", "usr/bin/virt-mdev" })
            File.SetUnixFileMode(tree.PathOf(program), (UnixFileMode)0b111_101_101);

        var finding = HookCheck.Of(HookFiles.Read(tree.Root, Deadline.After(TimeSpan.FromSeconds(5))), Processes.Read(tree.Root))
            .Single(f => f.Severity is Severity.Well or Severity.Unknown);

        Assert.That((finding.Severity, finding.What), Is.EqualTo((Severity.Unknown,
            $"'/{Hook}' leads to '/usr/sbin/libvirt-mdev-hook', but no libvirtd or virtqemud in the usual folders tells its version, "
            + "so that it is not known whether libvirt calls it")));
    }

    [TestCase("8.0.0",
        "Wrong: libvirt 8.0.0 starts no domain with a VF of NVIDIA's driver, as that is not vfio-pci (9.7 and later do); upgrade libvirt")]
    [TestCase("9.6.0", "Wrong: ")]
    [TestCase("9.7.0", "")]
    [TestCase("10.0.0", "")]
    public void A_libvirt_that_refuses_VFs(string version, string expected) =>
        MustBeSaid(version, VfText.Gpu("0000:41", (0, VfText.Idle)), expected);

    [TestCase("", "Hint: libvirt 9.0.0 starts no domain with a VF")]
    [TestCase("proc/sys/kernel/osrelease = 6.8.0-60-generic\\n", "Hint: ")]
    [TestCase("proc/sys/kernel/osrelease = 5.14.0-503.el9.x86_64\\n", "", Description = "its VFs will take mediated devices")]
    public void A_libvirt_that_will_refuse_VFs_once_they_are_enabled(string kernel, string expected) =>
        MustBeSaid("9.0.0", VfText.Gpu("0000:41") + kernel, expected);

    [Test]
    public void A_libvirt_that_refuses_VFs_is_no_matter_on_a_host_without_VFs()
    {
        using var tree = TreeOfText.Of("m60-mdev");

        Assert.That(Said(tree, "9.0.0"), Is.Empty);
    }

    [TestCase("9.0.0", "", "")]
    [TestCase("11.2.0", "", "", Description = "it was not seen there")]
    [TestCase("12.8.0", "", "")]
    [TestCase("11.3.0", "", "Well: libvirt 11.3.0" + Loses + "this hook never fails there, and there is no other")]
    [TestCase("11.3.0", "etc/libvirt/hooks/qemu.d/60-other",
        "Hint: libvirt 11.3.0" + Loses + "this hook never fails there, others may ('/etc/libvirt/hooks/qemu.d/60-other')")]
    [TestCase("11.3.0", "etc/libvirt/hooks/qemu", "Hint: ")]
    public void A_libvirt_that_loses_a_managed_save(string version, string other, string expected)
    {
        using var tree = new TreeOfText(Installed);
        if (other.Length > 0)
        {
            tree.Add($"{other} = #!/bin/sh\\n");
            File.SetUnixFileMode(tree.PathOf(other), (UnixFileMode)0b111_101_101);
        }

        Assert.That(string.Join('\n', Said(tree, version)), expected.Length > 0 ? Does.StartWith(expected) : Is.Empty);
    }

    [Test]
    public void A_profile_of_a_snap_is_none_of_the_libvirt_of_the_distribution()
    {
        var snap = new Confinement(false, null, "snap.openstack-hypervisor.libvirtd (enforce)\n", Errno.None, ["", ""]);
        var program = Files(new Version(9, 0, 0)) with { Program = Placed("/opt/sbin/libvirt-mdev-hook") };

        Assert.That(ConfinementCheck.Apparmor(snap, program).Select(f => $"{f.Severity}: {f.What}"), Is.EqualTo(new[]
        {
            "Well: AppArmor does not confine libvirt here",
            "Hint: AppArmor keeps the libvirt of a snap to its profile 'snap.openstack-hypervisor.libvirtd', "
                + "in which no hook may write to sysfs",
        }));
    }

    private static void MustBeSaid(string version, string host, string expected)
    {
        using var tree = new TreeOfText(host);

        Assert.That(string.Join('\n', Said(tree, version)), expected.Length > 0 ? Does.StartWith(expected) : Is.Empty);
    }

    private static string[] Said(TreeOfText tree) =>
        Said(DaemonCheck.Of(HookFiles.Read(tree.Root, Deadline.After(TimeSpan.FromSeconds(5))), Processes.Read(tree.Root)));

    private static string[] Said(TreeOfText tree, string version)
    {
        var hook = HookFiles.Read(tree.Root, Deadline.After(TimeSpan.FromSeconds(5))) with { Libvirt = Version.Parse(version) };
        return Said(LibvirtCheck.Of(hook, HostReader.ReadAll(tree.Root),
            NvidiaDriver.MakesMdevs(tree.Root)));
    }

    private static string[] Said(IEnumerable<Finding> findings) =>
        [.. findings.Select(f => $"{f.Severity}: {f.What}; {f.Remedy}".TrimEnd(' ', ';'))];

    private static string Daemon(string pid, string program, string mounts, string root) => $"""
        proc/{pid}/comm = libvirtd\n
        proc/{pid}/stat = {pid} (libvirtd) S 1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 17 0 30000 1 2\n
        proc/{pid}/exe -> {program}
        proc/{pid}/ns/mnt -> {mounts}
        proc/{pid}/root -> {root}

        """;

    private static HookFiles Files(Version libvirt) => new(
        Placed("/etc/libvirt/hooks/qemu.d/50-mdev"), Placed("/none") with { Status = null, Placed = null, Error = Errno.ENOENT }, null,
        Placed("/usr/sbin/libvirt-mdev-hook"), Placed("/usr/bin/virt-mdev"), [], libvirt);

    private static PlacedFile Placed(string path) => new(path, path, new FileStatus(1, 0x81ed, 0, 0, 1, 1000), Errno.None, 1000);
}
