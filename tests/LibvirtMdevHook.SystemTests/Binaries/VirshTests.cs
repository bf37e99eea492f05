using LibvirtMdevHook.SystemTests.Lab;
using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>
/// Which virsh root runs, and where: one of an absolute folder of PATH, never that of the folder in which root happens to be.
/// </summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class VirshTests
{
    private const string NoVirsh = "'virsh' is in no absolute folder of PATH; "
        + "install libvirt's clients ('libvirt-clients' or 'libvirt-client'), or add the folder in which it lies to PATH";

    private readonly DeclaringDomain _domain = new("win10", new Vgpu("type='GRID M60-4Q'"));

    [TestCase(""), TestCase("."), TestCase(":/nowhere"), TestCase("/nowhere:"), TestCase("bin:./bin")]
    public void A_virsh_in_the_current_folder_is_not_run(string path)
    {
        using var host = new HookedHost("m60-mdev.xml");
        host.Start(_domain);
        using var here = new TemporaryFolder();
        var others = Virsh(here);
        Directory.CreateDirectory(Path.Combine(here.Path, "bin"));
        Virsh(here, "bin/virsh");

        var reconcile = VirtMdev(host, here, path, "reconcile");
        Assert.That(File.Exists(others), Is.False);
        Assert.That((reconcile.Status, reconcile.Output, reconcile.Errors), Is.EqualTo(
            (1, "", $"virt-mdev: there is no verdict on the records of domains: {NoVirsh}\n")));
    }

    [TestCase("attach", "win10", "--type", "GRID M60-4Q")]
    [TestCase("detach", "win10", "6a2f0d1c-0000-4000-8000-000000000001")]
    [TestCase("retarget", "win10")]
    public void A_verb_that_needs_virsh_says_that_there_is_none(params string[] arguments)
    {
        using var host = new HookedHost("m60-mdev.xml");
        using var here = new TemporaryFolder();
        var others = Virsh(here);

        var outcome = VirtMdev(host, here, "", arguments);
        Assert.That(File.Exists(others), Is.False);
        Assert.That((outcome.Status, outcome.Output), Is.EqualTo((1, "")));
        Assert.That(outcome.Errors, Does.EndWith($"{NoVirsh}\n"));
        host.MustBeAsBefore();
    }

    [Test]
    public void Without_virsh_there_is_no_number_of_orphans()
    {
        using var host = new HookedHost("m60-mdev.xml");
        host.Start(_domain);
        using var here = new TemporaryFolder();
        var others = Virsh(here);

        var metrics = VirtMdev(host, here, "", "metrics");
        Assert.That(File.Exists(others), Is.False);
        Assert.That((metrics.Status, metrics.Errors), Is.EqualTo((0, "")));
        Assert.That(new Exposition(metrics.Output).Families, Does.Not.Contain("libvirt_mdev_orphans"));
    }

    [Test]
    public void The_virsh_of_PATH_runs_in_the_root_folder()
    {
        using var host = new HookedHost("m60-mdev.xml");
        host.Start(_domain);
        using var here = new TemporaryFolder();
        using var there = new TemporaryFolder();
        var (others, own) = (Virsh(here), Virsh(there));

        var reconcile = VirtMdev(host, here, $".:{there.Path}", "reconcile").Expected("reconcile");
        Assert.That(reconcile.Output, Does.StartWith("orphan: the record of 'win10'"));
        Assert.That(File.Exists(others), Is.False);
        Assert.That(File.ReadAllText(own), Is.EqualTo("/: -q -c qemu:///system list --uuid\n"));
    }

    /// <summary>.NET looks for a bare name there first.</summary>
    [Test]
    public void A_virsh_beside_the_program_is_not_run()
    {
        using var host = new HookedHost("m60-mdev.xml");
        host.Start(_domain);
        using var here = new TemporaryFolder();
        var others = Virsh(here);
        Shell.Run("install", SourceTree.VirtMdev, Path.Combine(here.Path, "virt-mdev"));

        var virtMdev = Path.Combine(here.Path, "virt-mdev");
        var reconcile = Command.Run("env", [$"LIBVIRT_MDEV_ROOT={host.Host.Root}", "PATH=/nowhere", virtMdev, "reconcile"]);
        Assert.That(File.Exists(others), Is.False);
        Assert.That((reconcile.Status, reconcile.Errors), Is.EqualTo(
            (1, $"virt-mdev: there is no verdict on the records of domains: {NoVirsh}\n")));
    }

    /// <summary>Calls it where somebody else may have put programs.</summary>
    private static Outcome VirtMdev(HookedHost host, TemporaryFolder here, string path, params string[] arguments) => Command.Run("env",
    [
        "-u", "LIBVIRT_DEFAULT_URI", "-C", here.Path, $"LIBVIRT_MDEV_ROOT={host.Host.Root}", $"PATH={path}",
        SourceTree.VirtMdev, .. arguments,
    ]);

    /// <summary>Makes a virsh that notes where and how it is called, and knows no domain.</summary>
    /// <returns>The file of its notes.</returns>
    private static string Virsh(TemporaryFolder folder, string name = "virsh")
    {
        var calls = Path.Combine(folder.Path, "calls");
        folder.Program(name, $"#!/bin/sh\necho \"$(pwd -P): $*\" >>{calls}\n");
        return calls;
    }
}
