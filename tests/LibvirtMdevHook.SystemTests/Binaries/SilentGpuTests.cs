using System.Diagnostics;
using LibvirtMdevHook.SystemTests.Lab;
using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>A driver that does not answer a read keeps domains from its own GPU alone, and callers wait for a limited time.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class SilentGpuTests
{
    private const string Silent = "0000:86:00.0";
    private const string Other = "0000:87:00.0";

    private const string Shorthand = """
        <domain type='kvm'>
          <name>win10</name>
          <devices>
            <hostdev mode='subsystem' type='pci' xmlns:m='urn:libvirt-mdev-hook:1' m:type='NVIDIA L40S-4Q'/>
          </devices>
        </domain>
        """;

    /// <summary>The limit of a read, with what it takes to start two programs on a busy machine.</summary>
    private static readonly TimeSpan ReadTime = TimeSpan.FromSeconds(8);

    private readonly DeclaringDomain _any = DeclaringDomain.With("any", 1, "GRID M60-2Q");

    [TestCase("m60-mdev.xml", "read", "available_instances")]
    [TestCase("m60-mdev.xml", "open", "available_instances")]
    [TestCase("m60-rfc2016.xml", "read", "mdev_supported_types")]
    [TestCase("m60-rfc2016.xml", "open", "mdev_supported_types")]
    public void Domains_start_on_the_other_GPU(string hostFile, string operation, string file)
    {
        using var host = new HookedHost(hostFile, "removal_grace = 0");
        host.Host.Control($"fault hang op={operation} path=**/{Silent}/**{file}");
        var (pinned, elsewhere) = (On(Silent), On(Other));

        var calls = new[] { pinned, elsewhere, _any }.Select(domain => host.Begin("prepare", domain)).ToArray();
        var runs = calls.Select(call => call.End()).ToArray();

        runs[0].MustBeRefused("'win10'", $"'{Silent}': it does not answer", "process ", "journalctl -k");
        runs[1].MustBeGood("the GPU of this domain answers");
        runs[2].MustBeGood("one GPU answers");
        Assert.That(runs[0].Time, Is.LessThan(ReadTime));
        Assert.That(host.VirtMdev("list").Output, Does.Not.Contain(Silent));
        host.Host.Control("clear");
        host.Stop(elsewhere);
        host.Stop(_any);
        host.MustBeAsBefore();
    }

    [Test]
    public void A_VF_shares_the_fate_of_its_GPU()
    {
        using var host = new HookedHost("l40s-vf.xml", "removal_grace = 0");
        var domain = new DeclaringDomain("win10", Vgpu.Vf("0000:41:00.4", "NVIDIA L40S-4Q"));
        host.Host.Control("fault hang op=read path=**/0000:41:00.5/**");

        host.Call("prepare", domain).MustBeRefused("'win10'", "'0000:41:00.4'", "its GPU cannot be looked at: it does not answer");

        host.Host.Control("clear");
        host.MustBeAsBefore();
    }

    [Test]
    public void A_device_that_cannot_be_looked_at_counts_as_existing()
    {
        using var host = new HookedHost("m60-rfc2016.xml", "removal_grace = 0");
        var domain = On(Silent);
        host.Start(domain);
        var clone = new DeclaringDomain("clone", domain.Vgpus);
        File.Delete(host.Record(domain));
        host.Host.Control("fault hang op=read path=**/online");

        host.Call("prepare", clone).MustBeRefused("'clone'", $"'{domain.Vgpus[0].Uuid}'", "its GPU cannot be looked at");

        host.Host.Control("clear");
    }

    [Test]
    public void A_leftover_record_on_it_refuses_no_start_of_a_domain_that_declares_nothing()
    {
        using var host = new HookedHost("l40s-vf.xml", "removal_grace = 0");
        var domain = new DeclaringDomain("win10", Vgpu.Vf("0000:41:00.4", "NVIDIA L40S-4Q"));
        host.Call("prepare", domain).MustBeGood();
        host.Host.Control("fault hang op=read path=**/current_vgpu_type");

        foreach (var operation in new[] { "prepare", "start", "started" })
            host.Call(operation, domain.Name, domain.WithoutMetadata()).MustBeGood(operation);

        host.Host.Control("clear");
        host.Stop(domain);
        host.MustBeAsBefore();
    }

    [Test]
    public void While_a_process_waits_for_a_GPU_no_other_one_reads_it()
    {
        using var host = new HookedHost("m60-rfc2016.xml", "removal_grace = 0");
        var domain = On(Silent);
        host.Start(domain);
        var waiting = WaitForEver(host, domain);
        var reads = Reads(host);
        var before = Stopwatch.StartNew();

        host.Call("prepare", On(Silent, "second")).MustBeRefused($"where process {waiting} waits", "/online'");
        var list = host.VirtMdev("list");
        var types = host.VirtMdev("types");
        var metrics = host.VirtMdev("metrics");
        var doctor = host.VirtMdev("doctor");

        Assert.That(before.Elapsed, Is.LessThan(5 * ReadTime));
        Assert.That((list.Status, list.Errors), Is.EqualTo((1, list.Errors)));
        Assert.That(list.Errors, Does.StartWith($"virt-mdev: the GPU '{Silent}' cannot be looked at")
            .And.Contain($"process {waiting} waits"));
        Assert.That(list.Output, Does.Contain($"{domain.Vgpus[0].Uuid}"));
        Assert.That(types.Output, Does.Contain("it does not answer"));
        Assert.That(metrics.Output, Does.Contain($"libvirt_mdev_stuck_processes{{parent=\"{Silent}\"}} 1\n")
            .And.Contain($"libvirt_mdev_stuck_processes{{parent=\"{Other}\"}} 0\n"));
        Assert.That(doctor.Output, Does.Contain($"the GPU '{Silent}' cannot be looked at")
            .And.Contain($"1 process of virt-mdev waits for the driver of '{Silent}'"));
        Assert.That(Reads(host), Is.EqualTo(reads), "one process reads the silent GPU, and no other");
        host.Host.Control("clear");
        host.MustBeAsBefore();
        host.Call("prepare", domain).MustBeGood("the GPU answers again");
    }

    [Test]
    public void A_GPU_that_answers_late_is_read_again()
    {
        using var host = new HookedHost("m60-mdev.xml", "removal_grace = 0\nwait_for_types = 20");
        host.Host.Control($"fault delay=4s op=read path=**/{Silent}/**/available_instances count=1");

        host.Call("prepare", On(Silent)).MustBeGood("it answers within the time that types have");

        Assert.That(host.Kept().Where(file => file.StartsWith("silent/", StringComparison.Ordinal)), Is.Empty);
    }

    [TestCase("types")]
    [TestCase("list")]
    [TestCase("plan")]
    [TestCase("render")]
    [TestCase("metrics")]
    public void A_listing_ends_with_one_signal_although_its_process_cannot_end(string verb)
    {
        using var host = new HookedHost("l40s-vf.xml");
        host.Host.Control("fault hang op=read path=**/current_vgpu_type");
        var file = host.InRoot("domain.xml");
        var declaring = new DeclaringDomain("win10", Vgpu.Vf("0000:41:00.4", "NVIDIA L40S-4Q"));
        File.WriteAllText(file, verb == "plan" ? $"{declaring}" : Shorthand);
        string[] arguments = verb is "plan" or "render" ? [verb, file] : [verb];
        var start = Command.Redirected("env", [$"LIBVIRT_MDEV_ROOT={host.Host.Root}", SourceTree.VirtMdev, .. arguments]);
        using var call = Process.Start(start)!;
        host.Host.WaitForLog(line => line.StartsWith("begin read", StringComparison.Ordinal));
        // A process that waits in the kernel looks like a stopped one: it does nothing, and signals do not end it.
        var child = int.Parse(Shell.Run("pgrep", "-P", $"{call.Id}").Output.Trim(), null);
        Shell.Run("kill", "-STOP", $"{child}");

        Shell.Run("kill", "-INT", $"{call.Id}");

        Assert.That(call.WaitForExit(ReadTime), Is.True, "it waits for a process that cannot end");
        Assert.That(call.ExitCode, Is.EqualTo(1));
        Assert.That(call.StandardError.ReadLine(),
            Is.EqualTo($"virt-mdev: stopped waiting; process {child} ends as soon as the kernel answers"));
        Shell.Run("kill", "-KILL", $"{child}");
    }

    /// <summary>Leaves a worker of the domain's release that waits for its device's GPU.</summary>
    /// <returns>The id of the worker.</returns>
    private static int WaitForEver(HookedHost host, DeclaringDomain domain)
    {
        host.Host.Control($"fault hang op=read path=**/{Silent}/**/online");
        host.Stop(domain);
        Wait.Until(() => host.Kept().Any(file => file.StartsWith($"silent/{Silent}.", StringComparison.Ordinal)), host.LastOfLog);
        return host.Workers.Single();
    }

    private static int Reads(HookedHost host) =>
        host.Host.Log().Count(line => line.StartsWith("begin read", StringComparison.Ordinal));

    private static DeclaringDomain On(string parent, string name = "win10") =>
        new(name, new Vgpu($"type='GRID M60-2Q' parent='{parent}'"));
}
