using LibvirtMdevHook.Simulator.Tree;
using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>A VF has no inode that comes and goes with its type: whichever process dies, the record says what is ours.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class VfCrashTests
{
    private const string First = "0000:41:00.4";
    private const string Second = "0000:41:00.5";

    private readonly DeclaringDomain _domain = new("win10", Vgpu.Vf(First, "NVIDIA L40S-4Q"), Vgpu.Vf(Second, "NVIDIA L40S-4Q"));

    [TestCase(1)]
    [TestCase(2)]
    public void Hook_and_worker_are_killed_in_a_write_and_the_next_start_clears_what_it_did(int nth)
    {
        using var host = new HookedHost("l40s-vf.xml");
        Interrupt(host, nth).Kill();
        KillWorkers(host);
        host.Host.Control("clear");
        host.WaitForWorkers();

        host.Start(_domain);

        Assert.That(host.Writes.Count(write => write.EndsWith("\"0\" ok", StringComparison.Ordinal)), Is.EqualTo(nth));
        host.Stop(_domain);
        host.MustBeAsBefore();
    }

    [TestCase(1)]
    [TestCase(2)]
    public void The_worker_is_killed_in_a_write_and_the_release_after_the_refusal_clears_what_it_did(int nth)
    {
        using var host = new HookedHost("l40s-vf.xml");
        var prepare = Interrupt(host, nth);
        KillWorkers(host);
        host.Host.Control("clear");

        prepare.End().MustBeRefused("'win10'", "the worker ended without an answer");
        host.Stop(_domain);

        host.MustBeAsBefore();
    }

    [Test]
    public void The_hook_is_killed_and_its_worker_undoes_what_it_did()
    {
        using var host = new HookedHost("l40s-vf.xml");
        Interrupt(host, 2).Kill();
        host.Host.Control("clear");

        host.MustBeAsBefore();
    }

    [Test]
    public void What_a_killed_worker_left_to_clear_is_cleared_by_the_start_of_another_domain()
    {
        using var host = new HookedHost("l40s-vf.xml");
        host.Start(_domain);
        using (new Holder(host.NodeOf(_domain.Vgpus[0])))
        {
            host.Stop(_domain);
            Wait.Until(() => host.Host.Read($"{_domain.Vgpus[1].Path}/nvidia/current_vgpu_type") == "0\n", host.Host.State);
            KillWorkers(host);
            host.WaitForWorkers();
        }

        var other = new DeclaringDomain("other", Vgpu.Vf(First, "NVIDIA L40S-48Q"));
        host.Start(other);
        host.Stop(other);
        host.MustBeAsBefore();
    }

    [Test]
    public void A_VF_that_got_another_type_after_a_crash_is_not_cleared()
    {
        using var host = new HookedHost("l40s-vf.xml");
        host.Call("prepare", _domain).MustBeGood();
        host.Host.Control($"clear-vf {First}");
        host.Host.Control($"clear-vf {Second}");
        Assert.That(host.Host.Write($"{_domain.Vgpus[0].Path}/nvidia/current_vgpu_type", "1147"), Is.EqualTo(Errno.None));

        host.Call("prepare", _domain).MustBeRefused($"'{First}'", "set up already as 'nvidia-1147'");

        Assert.That(host.Host.Read($"{_domain.Vgpus[0].Path}/nvidia/current_vgpu_type"), Is.EqualTo("1147\n"));
    }

    [Test]
    public void Prepare_twice_in_a_row_ends_as_one_run()
    {
        using var host = new HookedHost("l40s-vf.xml");
        host.Call("prepare", _domain).MustBeGood();
        host.Start(_domain);
        host.Stop(_domain);
        host.MustBeAsBefore();
    }

    private HookProcess Interrupt(HookedHost host, int nth)
    {
        host.Host.Control($"fault hang op=write path=**/current_vgpu_type nth={nth}");
        var prepare = host.Begin("prepare", _domain);
        host.Host.WaitForLog(line => line.StartsWith("begin write", StringComparison.Ordinal));
        return prepare;
    }

    private static void KillWorkers(HookedHost host)
    {
        foreach (var worker in host.Workers)
            Shell.Run("kill", "-KILL", $"{worker}");
    }
}
