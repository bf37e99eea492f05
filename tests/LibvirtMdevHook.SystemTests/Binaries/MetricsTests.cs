using System.Diagnostics;
using System.Globalization;
using System.Text;
using LibvirtMdevHook.SystemTests.Lab;
using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;
using VerifyNUnit;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>
/// virt-mdev metrics gives Prometheus what types, list and reconcile say, changes nothing, and ends even if the kernel does not answer.
/// </summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class MetricsTests
{
    private static readonly DeclaringDomain Domain = new(
        "win10", new Vgpu("type='GRID M60-4Q'") { Uuid = Id(1) }, new Vgpu("type='GRID M60-4Q'") { Uuid = Id(2) }) { Uuid = Id(0xd1) };

    [Test]
    public async Task A_host_in_numbers()
    {
        using var host = new HookedHost("m60-mdev.xml");
        host.Start(Domain);
        host.Host.Write("sys/class/mdev_bus/0000:87:00.0/mdev_supported_types/nvidia-20/create", $"{Id(9)}");
        host.Host.Control($"vanish {Id(2)}");

        var run = Run(host, $"echo {Id(0xd1)}");

        _ = new Exposition(run.Output);
        await Verifier.Verify(run.Output);
    }

    [Test]
    public void It_changes_nothing()
    {
        using var host = new HookedHost("m60-rfc2016.xml");

        var metrics = new Exposition(Run(host, "true").Output);

        Assert.That(metrics.Families, Does.Contain("libvirt_mdev_available_instances").And.Contain("libvirt_mdev_build_info"));
        Assert.That((host.Host.Log(), host.Kept(), host.Log, Directory.GetFileSystemEntries(host.InRoot("var/cache"))),
            Is.EqualTo((Array.Empty<string>(), Array.Empty<string>(), "", Array.Empty<string>())));
        host.MustBeAsBefore();
    }

    [Test]
    public void A_record_that_is_not_to_be_trusted_stays_where_it_is()
    {
        using var host = new HookedHost("m60-mdev.xml");
        host.Start(Domain);
        File.WriteAllText(host.Record(Domain), "torn");

        var metrics = new Exposition(Run(host, "true").Output);

        Assert.That(metrics.Value("libvirt_mdev_untrusted_records"), Is.EqualTo(1));
        Assert.That(File.ReadAllText(host.Record(Domain)), Is.EqualTo("torn"));
        Assert.That(metrics.Samples("libvirt_mdev_devices", ("state", "foreign"), ("domain", ""), ("type", "GRID M60-4Q"))
            .Sum(s => s.Value), Is.EqualTo(2));
    }

    [Test]
    public void An_orphan_is_one_that_libvirt_calls_inactive_and_unknown_without_an_answer()
    {
        using var host = new HookedHost("m60-mdev.xml");
        host.Start(Domain);

        Assert.That(new Exposition(Run(host, $"echo {Id(0xd1)}").Output).Value("libvirt_mdev_orphans"), Is.Zero);
        Assert.That(new Exposition(Run(host, "true").Output).Value("libvirt_mdev_orphans"), Is.EqualTo(1));
        Assert.That(new Exposition(Run(host, "exit 1").Output).Families, Does.Not.Contain("libvirt_mdev_orphans"));
        Assert.That(new Exposition(Run(host, "sleep 60").Output).Families, Does.Not.Contain("libvirt_mdev_orphans"));
    }

    [Test]
    public void The_VFs_of_a_GPU_are_counted_together()
    {
        using var host = new HookedHost("l40s-vf.xml");
        var metrics = new Exposition(Run(host, "true").Output);

        Assert.That(metrics.Value("libvirt_mdev_settable_vfs", ("parent", "0000:41:00.0"), ("type", "NVIDIA L40S-4Q"),
            ("id", "nvidia-1150")), Is.EqualTo(6));
        Assert.That(metrics.Samples("libvirt_mdev_settable_vfs", ("parent", "0000:61:00.0")), Is.Empty);
    }

    [Test]
    public void Hostile_names_stay_in_their_labels()
    {
        const string type = """GRID "M60\4Q", state="online"} 7""";
        using var host = new HookedHost("m60-mdev.xml", change: text => text.Replace(
            "\"GRID M60-4Q\"", "'" + type.Replace("\"", "&quot;", StringComparison.Ordinal) + "'", StringComparison.Ordinal));
        var domain = new DeclaringDomain("a\\\"} 1\nb 2", new Vgpu("type='nvidia-20'") { Uuid = Id(3) }) { Uuid = Id(0xd3) };
        host.Start(domain);

        var metrics = new Exposition(Run(host, "true").Output);

        var (labels, value) = metrics.Samples("libvirt_mdev_devices", ("type", type)).Single();
        Assert.That((value, labels["domain"], labels["state"]),
            Is.EqualTo((1, "a\\\"} 1\nb 2", "online")).Or.EqualTo((1, "a\\\"} 1\\nb 2", "online")));
        Assert.That(metrics.Samples("libvirt_mdev_available_instances", ("type", type)), Is.Not.Empty);
    }

    [Test]
    public void The_file_is_whole_at_any_time()
    {
        using var host = new HookedHost("m60-mdev.xml");
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "mdev.prom");
        File.WriteAllText(file, "old");
        using var reader = File.OpenRead(file);

        Assert.That((Run(host, "true", "--output", file).Output, Run(host, "true").Output), Is.EqualTo(("", File.ReadAllText(file))));
        Assert.That(new StreamReader(reader).ReadToEnd(), Is.EqualTo("old"));
        Assert.That(File.GetUnixFileMode(file),
            Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead));

        Assert.That(Directory.GetFiles(folder.Path), Is.EqualTo(new[] { file }));
    }

    [Test]
    public void A_GPU_that_does_not_answer_is_left_out_and_who_waits_for_it_is_counted()
    {
        using var host = new HookedHost("m60-mdev.xml");
        host.Host.Control("fault hang op=read path=**/0000:86:00.0/**/available_instances");
        var begin = Stopwatch.StartNew();

        var metrics = new Exposition(Run(host, "true").Output);

        Assert.That(begin.Elapsed, Is.LessThan(TimeSpan.FromSeconds(15)));
        Assert.That(metrics.Samples("libvirt_mdev_available_instances", ("parent", "0000:86:00.0")), Is.Empty);
        Assert.That(metrics.Samples("libvirt_mdev_available_instances", ("parent", "0000:87:00.0")), Is.Not.Empty);
        // This very process waits for it, and goes on without the answer.
        Assert.That(metrics.Samples("libvirt_mdev_stuck_processes", ("parent", "0000:86:00.0")).Single().Value, Is.EqualTo(1));
        Assert.That(metrics.Samples("libvirt_mdev_stuck_processes", ("parent", "0000:87:00.0")).Single().Value, Is.Zero);
    }

    [Test]
    public void A_file_that_cannot_be_written_is_named()
    {
        using var host = new HookedHost("m60-mdev.xml");

        var run = host.VirtMdev("metrics", "--output", "/nowhere/mdev.prom");

        Assert.That((run.Status, run.Errors),
            Is.EqualTo((1, "virt-mdev: cannot write '/nowhere/mdev.prom': No such file or directory (ENOENT)\n")));
    }

    [TestCase("ln -s target {0}")]
    [TestCase("mkfifo {0}")]
    [TestCase("mknod {0} c 1 3")]
    public void What_is_no_file_is_not_replaced(string make)
    {
        using var host = new HookedHost("m60-mdev.xml");
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "mdev.prom");
        Command.Run("sh", "-c", string.Format(CultureInfo.InvariantCulture, make, file)).Expected(make);
        var before = Command.Run("stat", "-c", "%F %i", file).Expected("stat").Output;

        var run = host.VirtMdev("metrics", "--output", file);

        Assert.That((run.Status, run.Errors), Is.EqualTo(
            (1, $"virt-mdev: '{file}' is no regular file, so it is left as it is; name a file, or one that does not exist yet\n")));
        Assert.That(Command.Run("stat", "-c", "%F %i", file).Output, Is.EqualTo(before));
        Assert.That(Directory.GetFileSystemEntries(folder.Path), Is.EqualTo(new[] { file }));
    }

    /// <summary>More than a pipe holds, for a slow reader and for a full disk.</summary>
    [Test]
    public void All_is_printed_or_it_says_so()
    {
        using var host = new HookedHost("m60-mdev.xml",
            change: text => text.Replace("\"GRID M60-4Q\"", $"'{new string('M', 90_000)}'", StringComparison.Ordinal));
        var whole = Run(host, "true").Output;
        Assert.That(whole, Has.Length.GreaterThan(150_000));

        Outcome Shell(string line) =>
            Command.Run("env", $"LIBVIRT_MDEV_ROOT={host.Host.Root}", "timeout", "30", "sh", "-c", $"{SourceTree.VirtMdev} {line}");
        Assert.That(Shell("metrics | (sleep 4; wc -c)").Output.Trim(), Is.EqualTo($"{Encoding.UTF8.GetByteCount(whole)}"));
        foreach (var verb in new[] { "metrics", "doctor" })
        {
            var full = Shell($"{verb} >/dev/full");
            Assert.That((full.Status, full.Errors), Is.EqualTo((1, "virt-mdev: its output cannot be written\n")), verb);
        }
    }

    [Test]
    public void What_the_driver_does_not_tell_has_no_number()
    {
        using var host = new HookedHost("m60-mdev.xml");
        host.Host.Control("fault errno=EIO op=read path=**/0000:86:00.0/mdev_supported_types/nvidia-20/available_instances");

        var samples = new Exposition(Run(host, "true").Output).Samples("libvirt_mdev_available_instances", ("type", "GRID M60-4Q"));

        Assert.That(samples.Select(s => s.Labels["parent"]), Is.EqualTo(new[] { "0000:87:00.0" }));
    }

    [Test]
    public void A_VF_whose_type_is_unknown_is_not_counted()
    {
        using var host = new HookedHost("l40s-vf.xml");
        host.Host.Control("fault errno=EIO op=read path=**/0000:41:00.4/nvidia/current_vgpu_type");

        var metrics = new Exposition(Run(host, "true").Output);

        Assert.That(metrics.Value("libvirt_mdev_settable_vfs", ("parent", "0000:41:00.0"), ("type", "NVIDIA L40S-4Q"),
            ("id", "nvidia-1150")), Is.EqualTo(5));
        Assert.That(host.VirtMdev("doctor").Output,
            Does.Contain("the type of the VF '0000:41:00.4' cannot be read from its current_vgpu_type"));
    }

    private static Guid Id(int n) => Guid.Parse($"6a2f0d1c-0000-4000-8000-{n:x12}");

    /// <param name="answer">What virsh does, as a shell command.</param>
    private static Outcome Run(HookedHost host, string answer, params string[] options)
    {
        using var folder = new TemporaryFolder();
        folder.Program("virsh", $"#!/bin/sh\n{answer}\n");
        var run = Command.Run("env",
            [$"LIBVIRT_MDEV_ROOT={host.Host.Root}", $"PATH={folder.Path}:/usr/bin:/bin", SourceTree.VirtMdev, "metrics", .. options]);
        Assert.That((run.Status, run.Errors), Is.EqualTo((0, "")));
        return run;
    }
}
