using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Lab;

/// <summary>What tests of install.sh share: a lab without a hook, in which everything that install.sh writes is the lab's.</summary>
internal abstract class Installation
{
    protected const string Configuration = "etc-libvirt/mdev-hook.conf";
    protected const string Link = "etc-libvirt/hooks/qemu.d/50-mdev";
    protected const string OldHook = "etc-libvirt/hooks/qemu";
    protected const string Hook = "usr/sbin/libvirt-mdev-hook";
    protected const string VirtMdev = "usr/bin/virt-mdev";
    protected const string Share = "usr/share/libvirt-mdev-hook";
    protected const string State = "run/libvirt-mdev";

    private HermeticLibvirtd? _running;

    protected HermeticLibvirtd Lab => _running ?? throw new InvalidOperationException("No lab was started.");

    [OneTimeSetUp]
    public void StartBare() => _running = HermeticLibvirtd.Start("m60-mdev.xml", new LabOptions { Install = false });

    [OneTimeTearDown]
    public void Stop() => _running?.Dispose();

    [TearDown]
    public void RemoveAll()
    {
        string[] all = ["usr", "dest", "programs", "run/systemd", State, Configuration, OldHook, "etc-libvirt/hooks/qemu.d"];
        Command.Run("rm", ["-rf", .. all.Select(InLab)]).Expected("rm");
    }

    protected Outcome Install() => InstallFor("9.0.0").Expected("install.sh");

    protected Outcome InstallFor(string libvirt) => InstallFrom(SourceTree.Published, libvirt);

    /// <summary>The version is what the installer asks the program of libvirtd for.</summary>
    protected Outcome InstallFrom(string folder, string libvirt)
    {
        StandIn("libvirtd", $"echo 'libvirtd (libvirt) {libvirt}'");
        return Installer("--prebuilt", folder);
    }

    protected Outcome Uninstall(params string[] options) => Installer(["--uninstall", .. options]);

    /// <summary>Calls install.sh; programs of <see cref="StandIn"/> come before others.</summary>
    protected Outcome Installer(params IEnumerable<string> options) => Lab.Run(InstallerCall(options));

    protected IEnumerable<string> InstallerCall(params IEnumerable<string> options) =>
        ["env", $"PATH={InLab("programs")}:/usr/sbin:/usr/bin", $"PREFIX={InLab("usr")}", SourceTree.Installer, .. options];

    /// <summary>Puts a shell script in the place of a program of the host.</summary>
    protected void StandIn(string program, string script)
    {
        Directory.CreateDirectory(InLab("programs"));
        Executable($"programs/{program}", script);
    }

    protected void Executable(string path, string script)
    {
        File.WriteAllText(InLab(path), $"#!/bin/sh\n{script}\n");
        Command.Run("chmod", "+x", InLab(path)).Expected("chmod");
    }

    protected string InLab(string path) => Path.Combine(Lab.Folder, path);

    /// <summary>How often libvirtd has looked for hooks again.</summary>
    protected int Reloads() => File.ReadAllLines(InLab("run/lab/daemon-operations")).Count(line => line == "reload");

    /// <summary>What there is of us. A link counts although what it leads to is gone.</summary>
    protected IEnumerable<string> Installed() =>
        new[] { Hook, VirtMdev, Link, Configuration, Share, State }
            .Where(path => Path.Exists(InLab(path)) || new FileInfo(InLab(path)).LinkTarget is not null);
}
