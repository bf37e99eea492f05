using LibvirtMdevHook.SystemTests.Lab;
using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>Plans with VFs that are enabled late, or that the domain has already.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class VfReplanTests
{
    private const string First = "0000:41:00.4";
    private const string Second = "0000:41:00.5";

    [Test]
    public void VFs_that_are_enabled_late_are_waited_for_where_the_configuration_says_so()
    {
        using var host = new HookedHost("l40s-vf.xml", "wait_for_types = 30");
        var domain = new DeclaringDomain("late", Vgpu.Vf("0000:61:00.4", "NVIDIA L40S-4Q"));
        var call = host.Begin("prepare", domain);
        Wait.Until(() => host.Workers.Count > 0, () => "no worker has come.");

        host.Host.Control("enable-vfs 0000:61:00.0");

        call.End().MustBeGood();
        host.Stop(domain);
        host.WaitForWorkers();
        Assert.That(host.Writes,
            Is.EqualTo(new[] { "0000:61:00.4/nvidia/current_vgpu_type \"1150\" ok", "0000:61:00.4/nvidia/current_vgpu_type \"0\" ok" }));
    }

    [Test]
    public void The_plan_of_a_running_domain_is_the_same_again()
    {
        using var host = new HookedHost("l40s-vf.xml");
        var domain = new DeclaringDomain("win10", Vgpu.Vf("0000:41:00.4", "NVIDIA L40S-24Q"), Vgpu.Vf("0000:41:00.5", "NVIDIA L40S-24Q"));
        var file = host.InRoot("domain.xml");
        File.WriteAllText(file, domain.ToString());
        var before = host.VirtMdev("plan", file).Output;
        host.Start(domain);

        var running = host.VirtMdev("plan", file);

        Assert.That((running.Status, running.Output), Is.EqualTo((0, before)), running.Errors);
        Assert.That(before, Does.Contain($"  0000:41:00.4  nvidia-1155  chosen: its GPU is empty\n"));
        host.Stop(domain);
        host.MustBeAsBefore();
    }

    [TestCase(First, "NVIDIA L40S-1Q", $"set {First} of 0000:41:00.0 (vf) to nvidia-1147 'NVIDIA L40S-1Q'\n")]
    [TestCase(First, "1155", $"set {First} of 0000:41:00.0 (vf) to nvidia-1155 'NVIDIA L40S-24Q'\n")]
    [TestCase(Second, "NVIDIA L40S-1Q", $"set {Second} of 0000:41:00.0 (vf) to nvidia-1147 'NVIDIA L40S-1Q'\n")]
    public void The_plan_of_a_running_domain_that_was_edited_is_what_its_next_start_does(string address, string type, string step)
    {
        using var host = new HookedHost("l40s-vf.xml");
        var domain = new DeclaringDomain("win10", Vgpu.Vf(First, "NVIDIA L40S-4Q"));
        host.Start(domain);
        var edited = domain with { Vgpus = [Vgpu.Vf(address, type)] };

        var plan = Plan(host, edited);

        Assert.That((plan.Status, plan.Output),
            Is.EqualTo((0, $"{address}:\n  {address}  {step.Split(' ')[6]}  chosen: its GPU is empty\n{step}")), plan.Errors);
        host.Stop(domain);
        host.Start(edited);
        host.Stop(edited);
        host.MustBeAsBefore();
    }

    [Test]
    public void The_plan_of_a_running_domain_that_was_edited_knows_what_else_is_on_the_GPU()
    {
        using var host = new HookedHost("l40s-vf.xml");
        var (domain, other) = (new DeclaringDomain("win10", Vgpu.Vf(First, "NVIDIA L40S-4Q")),
            new DeclaringDomain("other", Vgpu.Vf(Second, "NVIDIA L40S-4Q")));
        host.Start(domain);
        host.Start(other);

        var plan = Plan(host, domain with { Vgpus = [Vgpu.Vf(First, "NVIDIA L40S-1Q")] });

        Assert.That(plan.Output, Does.Contain("it does not offer its type 'NVIDIA L40S-1Q' (nvidia-1147) now beside 1 x 'NVIDIA L40S-4Q'"));
        host.Stop(domain);
        host.Stop(other);
        host.MustBeAsBefore();
    }

    private static Outcome Plan(HookedHost host, DeclaringDomain domain)
    {
        File.WriteAllText(host.InRoot("domain.xml"), domain.ToString());
        return host.VirtMdev("plan", host.InRoot("domain.xml"));
    }
}
