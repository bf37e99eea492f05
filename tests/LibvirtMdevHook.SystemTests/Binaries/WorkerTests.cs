using System.Diagnostics;
using LibvirtMdevHook.SystemTests.Lab;
using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>The worker outlives its hook, and must not hold libvirtd's pipes: libvirtd waits until no process has an end of them.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class WorkerTests
{
    [TestCase("prepare", "**/mdev_create")]
    [TestCase("release", "**/mdev_destroy")]
    public void It_has_nothing_of_libvirtds_and_a_session_of_its_own(string operation, string path)
    {
        using var folder = new TemporaryFolder();
        var leaking = folder.Program("leaking", $"#!/bin/sh\nexec 9</dev/zero\nexec '{SourceTree.Hook}' \"$@\"\n");
        using var host = new HookedHost("m60-rfc2016.xml") { Program = leaking };
        var domain = DeclaringDomain.With("win10", 1, "GRID M60-4Q");
        if (operation == "release")
            host.Start(domain);
        host.Host.Control($"fault hang op=write path={path}");
        var call = host.Begin(operation, domain);
        host.Host.WaitForLog(line => line.StartsWith("begin write", StringComparison.Ordinal));
        var worker = host.Workers.Single();

        var descriptors = Descriptors(worker);
        Assert.That(descriptors.Take(3), Is.All.EqualTo("/dev/null"));
        Assert.That(descriptors[3], Does.StartWith("socket:"), "the hook");
        // The runtime itself has /dev/urandom open.
        var own = descriptors.Skip(4).Where(file => file != "/dev/urandom").ToArray();
        Assert.That(own, Is.All.StartsWith(host.Host.Root), "locks, and what it writes to");
        Assert.That(own, Has.None.EqualTo(host.InRoot("run/libvirt-mdev/lock")), "the host's lock is free while the kernel is waited for");
        Assert.That(Session(worker), Is.EqualTo(worker));
        Assert.That(File.ReadAllText($"/proc/{worker}/environ"), Is.EqualTo($"LIBVIRT_MDEV_ROOT={host.Host.Root}\0"));
        Assert.That(BlockedSignals(worker), Is.EqualTo("0000000000000000"));

        host.Host.Control("clear");
        call.End().MustBeGood();
        if (operation == "prepare")
            host.Stop(domain);
        host.MustBeAsBefore();
    }

    [Test]
    public void Its_hook_is_over_when_it_has_ended_although_the_worker_lives_on()
    {
        using var host = new HookedHost("m60-rfc2016.xml");
        var domain = DeclaringDomain.With("win10", 1, "GRID M60-4Q");
        host.Start(domain);
        host.Host.Control("fault hang op=write path=**/mdev_destroy");
        var begin = Stopwatch.GetTimestamp();

        // The time includes the end of both outputs.
        host.Call("release", domain).MustBeGood();

        Assert.That(Stopwatch.GetElapsedTime(begin).TotalSeconds, Is.LessThan(10));
        Assert.That(host.Workers, Has.Count.EqualTo(1));
        host.Host.Control("clear");
        host.MustBeAsBefore();
    }

    [Test]
    public void Another_domain_starts_while_it_waits_for_the_kernel()
    {
        using var host = new HookedHost("m60-rfc2016.xml");
        var (first, second) = (DeclaringDomain.With("first", 1, "GRID M60-4Q"), DeclaringDomain.With("second", 1, "GRID M60-4Q"));
        host.Host.Control("fault hang op=write path=**/mdev_create count=1");
        var waiting = host.Begin("prepare", first);
        host.Host.WaitForLog(line => line.StartsWith("begin write", StringComparison.Ordinal));

        host.Start(second);

        Assert.That(waiting.HasEnded, Is.False);
        host.Host.Control("clear");
        waiting.End().MustBeGood();
        host.Stop(first);
        host.Stop(second);
        host.MustBeAsBefore();
    }

    private static string[] Descriptors(int process) =>
    [
        .. new DirectoryInfo($"/proc/{process}/fd").EnumerateFiles()
            .OrderBy(file => int.Parse(file.Name, null)).Select(file => file.LinkTarget!),
    ];

    /// <summary>The sixth field of /proc/PID/stat; the second is the name in brackets.</summary>
    private static int Session(int process) => int.Parse(File.ReadAllText($"/proc/{process}/stat").Split(") ")[^1].Split(' ')[3], null);

    private static string BlockedSignals(int process) =>
        File.ReadLines($"/proc/{process}/status").Single(line => line.StartsWith("SigBlk:", StringComparison.Ordinal)).Split('\t')[1];
}
