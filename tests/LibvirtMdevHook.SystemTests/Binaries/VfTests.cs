using LibvirtMdevHook.Simulator.Tree;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>A VF takes its type when its domain starts, and loses it when the domain has ended.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class VfTests
{
    private const string First = "0000:41:00.4";
    private const string Second = "0000:41:00.5";
    private const string FirstType = "sys/bus/pci/devices/" + First + "/nvidia/current_vgpu_type";
    private const string SecondType = "sys/bus/pci/devices/" + Second + "/nvidia/current_vgpu_type";

    [TestCase("NVIDIA L40S-4Q", "header")]
    [TestCase("L40S-4Q", "plain")]
    [TestCase("nvidia-1150", "name-first")]
    [TestCase("1150", "header")]
    public void It_is_written_the_number_of_the_type_and_then_0(string type, string list)
    {
        using var host = new HookedHost("l40s-vf.xml",
            change: text => text.Replace("driver=\"nvidia\"/>", $"driver=\"nvidia\" list=\"{list}\"/>", StringComparison.Ordinal));
        var domain = Domain(First, type);

        host.Start(domain);
        Assert.That(host.Host.Read(FirstType), Is.EqualTo("1150\n"));
        Assert.That(File.ReadAllText(host.Record(domain)),
            Does.Contain("dialect=\"vf\"").And.Contain("<type id=\"nvidia-1150\" name=\"NVIDIA L40S-4Q\""));
        host.Stop(domain);
        host.WaitForWorkers();

        Assert.That(host.Writes,
            Is.EqualTo(new[] { $"{First}/nvidia/current_vgpu_type \"1150\" ok", $"{First}/nvidia/current_vgpu_type \"0\" ok" }));
        host.MustBeAsBefore();
    }

    [Test]
    public void The_second_VF_of_a_GPU_has_the_list_that_the_first_has_left()
    {
        using var host = new HookedHost("l40s-vf.xml");
        var (first, second) = (Domain(First, "NVIDIA L40S-24Q"), Domain(Second, "NVIDIA L40S-24Q"));
        host.Start(first);
        host.Start(second);
        var third = Domain("0000:41:00.6", "NVIDIA L40S-24Q");
        var writes = host.Writes.Count;

        host.Call("prepare", third)
            .MustBeRefused("no instance of its type 'NVIDIA L40S-24Q' (nvidia-1155) is left beside 2 x 'NVIDIA L40S-24Q'");
        host.Stop(third);
        Assert.That(host.Writes, Has.Count.EqualTo(writes), "decided before anything is written");

        host.Stop(first);
        host.Start(third);
        host.Stop(second);
        host.Stop(third);
        host.MustBeAsBefore();
    }

    [Test]
    public void A_type_of_another_size_is_refused_by_name_beside_what_runs()
    {
        using var host = new HookedHost("l40s-vf.xml");
        var domain = Domain(First, "NVIDIA L40S-4Q");
        host.Start(domain);

        host.Call("prepare", Domain(Second, "NVIDIA L40S-1Q"))
            .MustBeRefused("it does not offer its type 'NVIDIA L40S-1Q' (nvidia-1147) now beside 1 x 'NVIDIA L40S-4Q'",
                "nvidia-smi vgpu -shm 1");
        host.Stop(domain);
        host.MustBeAsBefore();
    }

    [Test]
    public void Sizes_run_side_by_side_where_the_driver_lists_them()
    {
        using var host = new HookedHost("l40s-vf.xml",
            change: text => text.Replace("one-size=\"yes\"", "one-size=\"no\"", StringComparison.Ordinal));
        var domain = new DeclaringDomain("mixed", Vgpu.Vf(First, "NVIDIA L40S-4Q"), Vgpu.Vf(Second, "NVIDIA L40S-1Q"));
        host.Start(domain);
        host.Stop(domain);
        host.MustBeAsBefore();
    }

    [TestCase("EIO")]
    [TestCase("EINVAL")]
    public void Two_sizes_in_one_domain_are_undone_where_the_GPU_takes_only_one(string errno)
    {
        using var host = new HookedHost("l40s-vf.xml",
            change: text => text.Replace("<rules", $"<rules other-size=\"{errno}\"", StringComparison.Ordinal));
        var domain = new DeclaringDomain("mixed", Vgpu.Vf(First, "NVIDIA L40S-4Q"), Vgpu.Vf(Second, "NVIDIA L40S-1Q"));

        host.Call("prepare", domain)
            .MustBeRefused($"'{Second}'", $"its GPU does not offer the type any more: it is full, or runs another size ({errno})");

        Assert.That(host.Host.Read(FirstType), Is.EqualTo("0\n"));
        host.Stop(domain);
        host.MustBeAsBefore();
    }

    [Test]
    public void A_VF_of_another_domain_is_refused_by_name_and_never_touched()
    {
        using var host = new HookedHost("l40s-vf.xml");
        var winner = Domain(First, "NVIDIA L40S-4Q") with { Name = "winner" };
        var loser = winner with { Name = "loser", Uuid = Guid.NewGuid() };
        host.Start(winner);
        var running = host.Host.Tree();

        host.Call("prepare", loser).MustBeRefused("'loser'", $"'{First}'", "'winner'", $"{winner.Uuid}", "another VF");
        host.Stop(loser);
        host.WaitForWorkers();

        Assert.That(host.Host.Tree(), Is.EqualTo(running));
        host.Stop(winner);
        host.MustBeAsBefore();
    }

    [Test]
    public void A_free_VF_of_the_type_is_used_and_left_as_it_was()
    {
        using var host = new HookedHost("l40s-vf.xml");
        Assert.That(host.Host.Write(FirstType, "1150"), Is.EqualTo(Errno.None));
        var (before, writes) = (host.Host.Tree(), host.Writes.Count);
        var domain = Domain(First, "NVIDIA L40S-4Q");

        host.Start(domain);
        Assert.That(host.VirtMdev("list").Output, Does.Match($"{First} +win10 .* online, foreign|{First} +win10 .* created, foreign"));
        host.Stop(domain);
        host.WaitForWorkers();

        Assert.That(host.Host.Tree(), Is.EqualTo(before));
        Assert.That(host.Writes, Has.Count.EqualTo(writes));
    }

    [Test]
    public void A_VF_of_another_type_that_is_not_ours_is_refused_and_never_cleared()
    {
        using var host = new HookedHost("l40s-vf.xml");
        Assert.That(host.Host.Write(FirstType, "1147"), Is.EqualTo(Errno.None));
        var (before, writes) = (host.Host.Tree(), host.Writes.Count);
        var domain = Domain(First, "NVIDIA L40S-4Q");

        host.Call("prepare", domain).MustBeRefused($"'{First}'", "set up already as 'nvidia-1147'", "not of the declared type");
        host.Stop(domain);
        host.WaitForWorkers();

        Assert.That(host.Host.Tree(), Is.EqualTo(before));
        Assert.That(host.Writes, Has.Count.EqualTo(writes));
    }

    [Test]
    public void A_VF_that_was_set_between_our_read_and_our_write_is_not_ours()
    {
        using var host = new HookedHost("l40s-vf.xml", "prepare_deadline = 10");
        var domain = Domain(First, "NVIDIA L40S-4Q");
        // The read returns 0, and the write follows half a second later.
        host.Host.Control("fault delay=500ms count=1 op=write path=**/current_vgpu_type");
        var call = host.Begin("prepare", domain);
        host.Host.WaitForLog(line => line.StartsWith("begin write", StringComparison.Ordinal));
        Assert.That(host.Host.Write(FirstType, "1147"), Is.EqualTo(Errno.None));

        call.End().MustBeRefused("set up already as 'nvidia-1147'");

        host.Stop(domain);
        host.WaitForWorkers();
        Assert.That(host.Host.Read(FirstType), Is.EqualTo("1147\n"));
    }

    [Test]
    public void A_VF_that_was_enabled_anew_and_given_the_type_by_another_program_is_not_ours_any_more()
    {
        using var host = new HookedHost("l40s-vf.xml");
        var domain = Domain(First, "NVIDIA L40S-4Q");
        host.Start(domain);
        host.Host.Control("disable-vfs 0000:41:00.0");
        host.Host.Control("enable-vfs 0000:41:00.0");
        Assert.That(host.Host.Write(FirstType, "1150"), Is.EqualTo(Errno.None));

        host.Stop(domain);
        host.WaitForWorkers();

        Assert.That(host.Host.Read(FirstType), Is.EqualTo("1150\n"));
        Assert.That(host.Log, Does.Contain("left alone the device"));
    }

    /// <param name="look">Which of the checks whether the VF is ours; the last comes right before the write.</param>
    [Test]
    public void A_VF_that_was_given_another_type_before_it_is_cleared_is_left_alone([Range(1, 4)] int look)
    {
        using var host = new HookedHost("l40s-vf.xml");
        var domain = Domain(First, "NVIDIA L40S-4Q");
        host.Start(domain);
        host.Host.Control($"fault delay=1s nth={look} count=1 op=read path=**/current_vgpu_type");
        var release = host.Begin("release", domain);
        host.Host.WaitForLog(line => line.StartsWith("begin read", StringComparison.Ordinal));
        host.Host.Control($"clear-vf {First}");
        Assert.That(host.Host.Write(FirstType, "1147"), Is.EqualTo(Errno.None));

        release.End().MustBeGood();
        host.WaitForWorkers();

        Assert.That(host.Host.Read(FirstType), Is.EqualTo("1147\n"));
        Assert.That(host.Log, Does.Contain($"left alone the device '{First}'"));
        Assert.That(host.Kept().Except(["lock"]), Is.Empty);
    }

    [TestCase("1147", "another device has taken its place since prepare; start the domain again")]
    [TestCase("0", "it has lost its type since prepare: its current_vgpu_type reads 0; start the domain again")]
    public void A_VF_whose_type_was_changed_behind_our_back_is_refused_at_start_and_left_alone(string now, string words)
    {
        using var host = new HookedHost("l40s-vf.xml");
        var domain = Domain(First, "NVIDIA L40S-4Q");
        host.Call("prepare", domain).MustBeGood();
        host.Host.Control($"clear-vf {First}");
        if (now != "0")
            Assert.That(host.Host.Write(FirstType, now), Is.EqualTo(Errno.None));
        host.Call("start", domain).MustBeRefused($"'{First}'", words);
        host.Stop(domain);
        host.WaitForWorkers();

        Assert.That(host.Host.Read(FirstType), Is.EqualTo(now + "\n"));
        Assert.That(host.Kept().Except(["lock"]), Is.Empty);
    }

    [Test]
    public void Attributes_are_set_after_the_type()
    {
        using var host = new HookedHost("l40s-vf.xml");
        var domain = new DeclaringDomain("win10", Vgpu.Vf(First, "NVIDIA L40S-4Q") with
        {
            Attrs = "<mdev:attr name='nvidia/vgpu_params' value='frame_rate_limiter=0'/>",
        });

        host.Start(domain);

        Assert.That(host.Writes, Is.EqualTo(new[]
        {
            $"{First}/nvidia/current_vgpu_type \"1150\" ok", $"{First}/nvidia/vgpu_params \"frame_rate_limiter=0\\n\" ok",
        }));
        host.Stop(domain);
        host.WaitForWorkers();
        Assert.That(host.Host.Read(SecondType), Is.EqualTo("0\n"));
    }

    private static DeclaringDomain Domain(string address, string type) => new("win10", Vgpu.Vf(address, type));
}
