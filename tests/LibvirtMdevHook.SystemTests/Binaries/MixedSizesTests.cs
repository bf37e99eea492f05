using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>
/// Types of several sizes on one GPU. Beside devices that exist its driver says what fits; beside a device that another domain is about
/// to make, nobody can.
/// </summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class MixedSizesTests
{
    private const string Sriov = "mig-and-mixed.xml";
    private const string OneSize = "m60-mdev.xml";
    private const string Waits = "is starting with another size";

    [TestCase("GRID A100D-1-10C", "GRID A100D-2-20C", TestName = "Parts of MIG instances")]
    [TestCase("NVIDIA A40-4Q", "NVIDIA A40-24Q", TestName = "Sizes of a GPU in mixed-size mode")]
    public void Two_sizes_run_side_by_side(string first, string second)
    {
        using var host = new HookedHost(Sriov, "removal_grace = 0");
        var (one, two) = (DeclaringDomain.With("one", 1, first), DeclaringDomain.With("two", 1, second));

        host.Start(one);
        host.Start(two);

        host.Stop(one);
        host.Stop(two);
        host.MustBeAsBefore();
    }

    [Test]
    public void VFs_of_a_GPU_in_MIG_mode_take_two_sizes()
    {
        using var host = new HookedHost(Sriov);
        var one = new DeclaringDomain("one", [Vgpu.Vf("0001:c8:00.4", "NVIDIA RTX Pro 6000 Blackwell DC-1-2Q")]);
        var two = new DeclaringDomain("two", [Vgpu.Vf("0001:c8:00.5", "NVIDIA RTX Pro 6000 Blackwell DC-2-48Q")]);

        host.Start(one);
        host.Start(two);

        host.Stop(one);
        host.Stop(two);
        host.MustBeAsBefore();
    }

    [Test]
    public void A_GPU_instance_that_is_in_use_is_named_with_the_commands_for_another()
    {
        using var host = new HookedHost(Sriov);
        host.Start(DeclaringDomain.With("one", 2, "GRID A100D-1-10C"));
        host.VirtMdev("types");
        host.Start(new DeclaringDomain("two", [Vgpu.Vf("0001:c8:00.4", "NVIDIA RTX Pro 6000 Blackwell DC-2-48Q")]));
        var ofVf = new DeclaringDomain("three", [Vgpu.Vf("0001:c8:00.5", "NVIDIA RTX Pro 6000 Blackwell DC-2-48Q")]);

        host.Call("prepare", DeclaringDomain.With("three", 1, "GRID A100D-1-10C"))
            .MustBeRefused("no GPU instance is left beside 2 x 'GRID A100D-1-10C'", "'nvidia-smi mig -lgi' lists those of '0000:41:00.0'");
        host.Call("prepare", ofVf)
            .MustBeRefused("no GPU instance is left for its type", "'nvidia-smi mig -lgi' lists those of '0001:c8:00.0'");
    }

    [Test]
    public void Another_size_waits_until_a_domain_has_started_and_then_the_driver_takes_it()
    {
        using var host = new HookedHost(Sriov, "removal_grace = 0");
        var (one, two) = (DeclaringDomain.With("one", 1, "NVIDIA A40-4Q"), DeclaringDomain.With("two", 1, "NVIDIA A40-24Q"));
        var first = BeginToCreate(host, one);

        Assert.That(host.VirtMdev("plan", Plan(host, two)).Output, Does.Contain($"'one' {Waits} ('NVIDIA A40-4Q', 4096M) on its GPU"));
        var second = host.Begin("prepare", two);
        MustWait(host, second);
        host.Host.Control("clear");

        first.End().MustBeGood();
        second.End().MustBeGood();
        host.Stop(one);
        host.Stop(two);
        host.MustBeAsBefore();
    }

    [Test]
    public void Another_size_waits_until_a_domain_has_started_and_then_the_driver_refuses_it()
    {
        using var host = new HookedHost(OneSize, "removal_grace = 0");
        var one = new DeclaringDomain("one", [new Vgpu("type='GRID M60-4Q' parent='0000:86:00.0'")]);
        var two = new DeclaringDomain("two", [new Vgpu("type='GRID M60-2Q' parent='0000:86:00.0'")]);
        var first = BeginToCreate(host, one);
        var second = host.Begin("prepare", two);
        MustWait(host, second);
        host.Host.Control("clear");

        first.End().MustBeGood();
        second.End().MustBeRefused("another size is in use ('GRID M60-4Q', 4096M)");
        host.Stop(one);
        host.MustBeAsBefore();
    }

    [Test]
    public void Another_size_does_not_wait_for_a_reservation()
    {
        using var host = new HookedHost(Sriov);
        host.Call("migrate", DeclaringDomain.With("one", 1, "NVIDIA A40-24Q")).MustBeGood();

        host.Call("prepare", DeclaringDomain.With("two", 1, "NVIDIA A40-6Q"))
            .MustBeRefused("another size ('NVIDIA A40-24Q', 24576M) is reserved on its GPU for the domain 'one'");

        Assert.That(host.Writes, Is.Empty);
    }

    [Test]
    public void What_is_about_to_be_made_is_added_up_on_a_GPU_that_runs_several_sizes()
    {
        using var host = new HookedHost(Sriov, "removal_grace = 0");
        host.Start(DeclaringDomain.With("running", 1, "NVIDIA A40-4Q"));
        var first = BeginToCreate(host, DeclaringDomain.With("one", 1, "NVIDIA A40-24Q"));

        host.Call("prepare", DeclaringDomain.With("large", 1, "NVIDIA A40-24Q")).MustBeRefused("no instance is left");
        host.Start(DeclaringDomain.With("small", 1, "NVIDIA A40-6Q"));

        host.Host.Control("clear");
        first.End().MustBeGood();
        Assert.That(host.Writes.Where(write => !write.EndsWith(" ok", StringComparison.Ordinal)), Is.Empty);
    }

    /// <summary>Two sizes of one domain are tried where there is no other GPU, and the driver's answer is explained.</summary>
    [Test]
    public void A_domain_of_two_sizes_that_the_driver_does_not_take_is_told_which()
    {
        using var host = new HookedHost(OneSize, "removal_grace = 0");
        var domain = new DeclaringDomain(
            "win10", [new Vgpu("type='GRID M60-4Q' parent='0000:86:00.0'"), new Vgpu("type='GRID M60-2Q' parent='0000:86:00.0'")]);

        host.Call("prepare", domain).MustBeRefused("'win10'", "'0000:86:00.0' did not take 'GRID M60-2Q' beside 'GRID M60-4Q': ");

        host.MustBeAsBefore();
    }

    [Test]
    public void Two_sizes_are_not_tried_on_one_VF_after_the_other()
    {
        const string Full = "full=\"ENOSPC\"";
        using var host = new HookedHost(
            Sriov, "removal_grace = 0", text => text.Replace(Full, $"{Full} one-size=\"yes\"", StringComparison.Ordinal));
        var domain = new DeclaringDomain(
            "win10", [new Vgpu("type='NVIDIA A40-24Q' parent='0000:61:00.0'"), new Vgpu("type='NVIDIA A40-4Q' parent='0000:61:00.0'")]);

        host.Call("prepare", domain).MustBeRefused("'win10'", "'0000:61:00.0' did not take ");

        Assert.That(host.Creates, Has.Count.EqualTo(2));
        host.MustBeAsBefore();
    }

    [Test]
    public void VFs_that_refuse_are_not_all_tried()
    {
        using var host = new HookedHost(Sriov, "removal_grace = 0");
        host.Host.Control("fault errno=EIO op=write path=**/nvidia-559/create");

        host.Call("prepare", DeclaringDomain.With("win10", 1, "NVIDIA A40-4Q")).MustBeRefused("'win10'", "(EIO)");

        Assert.That(host.Creates, Has.Count.EqualTo(3));
        host.MustBeAsBefore();
    }

    /// <summary>Begins a start whose first create the kernel does not answer.</summary>
    private static HookProcess BeginToCreate(HookedHost host, DeclaringDomain domain)
    {
        host.Host.Control("fault hang op=write path=**/create count=1");
        var prepare = host.Begin("prepare", domain);
        host.Host.WaitForLog(line => line.StartsWith("begin write", StringComparison.Ordinal));
        return prepare;
    }

    private static void MustWait(HookedHost host, HookProcess prepare)
    {
        Wait.Until(() => host.Workers.Count == 2, () => host.Log);
        Assert.That(prepare.HasEnded, Is.False, host.LastOfLog());
    }

    private static string Plan(HookedHost host, DeclaringDomain domain)
    {
        var file = host.InRoot($"run/{domain.Name}.xml");
        File.WriteAllText(file, $"{domain}");
        return file;
    }
}
