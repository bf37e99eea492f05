using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>What is planned with VFs that come late, or that the domain has already.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class VfPlanTests
{
    [Test]
    public void VFs_that_are_enabled_late_are_waited_for_where_the_configuration_says_so()
    {
        using var host = new HookedHost("l40s-vf.xml", "wait_for_types = 30");
        var domain = new DeclaringDomain("late", Vgpu.Vf("0000:61:00.4", "NVIDIA L40S-4Q"));
        var call = host.Begin("prepare", domain);
        Wait.Until(() => host.Workers.Count > 0, () => "no worker has come.");

        host.Host.Control("enable-vfs 0000:61:00.0");

        call.End().IsGood();
        host.Stop(domain);
        host.WaitForWorkers();
        Assert.That(host.Writes, Is.EqualTo(new[] { "0000:61:00.4/nvidia/current_vgpu_type \"1150\" ok", "0000:61:00.4/nvidia/current_vgpu_type \"0\" ok" }));
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
        host.IsAsBefore();
    }
}
