using LibvirtMdevHook.SystemTests.Lab;
using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>
/// A restore never fails, whatever goes wrong: libvirt 11.3 deletes a managed save if its restore hook fails, or if libvirt rejects the
/// XML.
/// </summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class RestoreTests
{
    private const string Executable = "#!/bin/sh\n";

    private readonly DeclaringDomain _domain = DeclaringDomain.With("win10", 1, "GRID M60-4Q");

    /// <summary>What replaces the worker's program, and what the log says then; null for no program at all.</summary>
    private static readonly object?[][] BrokenWorkers =
    [
        [null, "cannot be started (No such file or directory (ENOENT))"],
        ["#!/no/such/interpreter\n", "cannot be started (No such file or directory (ENOENT))"],
        ["\u007fELF", "cannot be started (Exec format error"],
        [Executable + "exit 1", "the worker ended without an answer"],
        [Executable + "kill -9 $$", "the worker ended without an answer"],
        [Executable + "head -c 128 <&3 >/dev/null; printf '%-12s%s' +1000 '<domain>' >&3", "the worker ended without an answer"],
        [Executable + "head -c 128 <&3 >/dev/null; printf '%-12s%s' nonsense '<domain>' >&3", "the worker ended without an answer"],
        [Executable + "exec sleep 5", "this host has not found out within 1 s"],
    ];

    [TestCaseSource(nameof(BrokenWorkers))]
    public void A_broken_worker_is_logged_and_left_to_prepare(string? worker, string reason)
    {
        using var programs = new TemporaryFolder();
        using var host = new HookedHost("m60-mdev.xml",
            "migrate_deadline = 1\nprepare_deadline = 1") { Program = CopyHook(programs, worker) };

        host.Call("restore", _domain).MustBeGood();

        Assert.That(host.Log, Does.Contain("Error restore of domain 'win10': domain 'win10': ").And.Contain(reason));
        Assert.That(host.Kept(), Is.Empty);
        Assert.That(host.Call("prepare", _domain).Status, Is.EqualTo(1));
    }

    [Test]
    public void A_log_that_cannot_be_written_is_borne()
    {
        using var programs = new TemporaryFolder();
        using var host = new HookedHost("m60-mdev.xml") { Program = CopyHook(programs, worker: null) };
        Directory.CreateDirectory(host.InRoot("var/log/libvirt/mdev-hook.log"));

        host.Call("restore", _domain).MustBeGood();
    }

    [Test]
    public void A_configuration_that_cannot_be_read_is_borne()
    {
        using var programs = new TemporaryFolder();
        using var host = new HookedHost("m60-mdev.xml") { Program = CopyHook(programs, worker: null) };
        Directory.CreateDirectory(host.InRoot("etc/libvirt/mdev-hook.conf"));

        host.Call("restore", _domain).MustBeGood();

        Assert.That(host.Log, Does.Contain("cannot be started"));
    }

    [Test]
    public void A_folder_of_records_that_cannot_be_made_is_borne()
    {
        using var host = new HookedHost("m60-mdev.xml");
        File.WriteAllText(host.InRoot("run/libvirt-mdev"), "");

        host.Call("restore", _domain).MustBeGood();

        Assert.That(host.Log, Does.Contain("restore of domain 'win10': "));
    }

    [Test]
    public void An_input_that_cannot_be_read_is_borne()
    {
        using var host = new HookedHost("m60-mdev.xml");

        var outcome = Command.Run("sh", "-c", $"LIBVIRT_MDEV_ROOT={host.Host.Root} exec {SourceTree.Hook} win10 restore begin - </");

        Assert.That((outcome.Status, outcome.Output, outcome.Errors), Is.EqualTo((0, "", "")));
        Assert.That(host.Log, Does.Contain("the domain's XML cannot be read from stdin: Is a directory (EISDIR)"));
    }

    [Test]
    public void A_domain_of_a_user_without_rights_passes()
    {
        using var host = new HookedHost("m60-mdev.xml");
        var hook = CopyForAll(host);

        var outcome = Command.Run("sh", "-c",
            $"printf %s \"$0\" | LIBVIRT_MDEV_ROOT=/nowhere setpriv --reuid=nobody --clear-groups {hook} win10 restore begin -",
            $"{_domain}");

        Assert.That((outcome.Status, outcome.Output, outcome.Errors), Is.EqualTo((0, "", "")));
    }

    [Test]
    public void Types_are_not_waited_for_since_prepare_does()
    {
        using var host = new HookedHost("m60-mdev.xml", "wait_for_types = 8");
        var missing = DeclaringDomain.With("win10", 1, "none such");

        var run = host.Call("restore", missing).MustBeGood();

        Assert.That(run.Time, Is.LessThan(TimeSpan.FromSeconds(4)));
        Assert.That(host.Log,
            Does.Contain("Warn  restore of domain 'win10': left to prepare: domain 'win10': ").And.Contain("'none such'"));
    }

    [Test]
    public void A_declared_device_that_the_guest_has_no_more_is_dropped_though_another_is_missing()
    {
        using var host = new HookedHost("m60-mdev.xml");
        var before = new DeclaringDomain("win10", new Vgpu("type='none such'"), new Vgpu("type='GRID M60-4Q'"));
        var unplugged = before.ToString().Replace(before.Vgpus[1].Hostdev, "", StringComparison.Ordinal);

        var printed = host.Call("restore", before.Name, unplugged).MustBeRewritten();

        Assert.That(printed, Is.EqualTo(unplugged.Replace(before.Vgpus[1].Declaration, "", StringComparison.Ordinal)));
        Assert.That(host.Log, Does.Contain("left to prepare: domain 'win10': ").And.Contain("'none such'"));
    }

    /// <returns>A copy of the hook whose worker is another program, or is missing.</returns>
    private static string CopyHook(TemporaryFolder folder, string? worker)
    {
        var hook = Path.Combine(folder.Path, "sbin/libvirt-mdev-hook");
        Directory.CreateDirectory(Path.GetDirectoryName(hook)!);
        File.Copy(SourceTree.Hook, hook);
        if (worker is not null)
        {
            var program = Path.Combine(folder.Path, "bin/virt-mdev");
            Directory.CreateDirectory(Path.GetDirectoryName(program)!);
            File.WriteAllText(program, worker);
            File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        return hook;
    }

    /// <returns>A copy of the hook that every user may execute.</returns>
    private static string CopyForAll(HookedHost host)
    {
        const UnixFileMode forAll = UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        File.SetUnixFileMode(host.Host.Root, forAll | UnixFileMode.UserWrite);
        var hook = host.InRoot("hook");
        File.Copy(SourceTree.Hook, hook);
        File.SetUnixFileMode(hook, forAll);
        return hook;
    }
}
