using LibvirtMdevHook.Simulator.Tree;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>Only a device that a record proves ours is removed.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class OwnershipTests
{
    private const string Types = "sys/class/mdev_bus/0000:86:00.0/mdev_supported_types";
    private const string RfcParent = "sys/bus/pci/devices/0000:86:00.0";

    [TestCase("m60-rfc2016.xml")]
    [TestCase("m60-mdev.xml")]
    public void A_uuid_of_another_domain_is_refused_by_name_and_its_device_outlives_the_loser(string hostFile)
    {
        using var host = new HookedHost(hostFile, "removal_grace = 0");
        var winner = DeclaringDomain.With("winner", 1, "GRID M60-4Q");
        var loser = winner with { Name = "loser", Uuid = Guid.NewGuid() };
        host.Start(winner);
        var running = host.Host.Tree();

        host.Call("prepare", loser).MustBeRefused("'loser'", $"'{winner.Vgpus[0].Uuid}'", "'winner'", $"{winner.Uuid}");
        host.Stop(loser);
        host.WaitForWorkers();

        Assert.That(host.Host.Tree(), Is.EqualTo(running));
        host.Stop(winner);
        host.MustBeAsBefore();
    }

    [Test]
    public void Nothing_of_a_domain_is_made_when_one_of_its_uuids_is_taken()
    {
        using var host = new HookedHost("m60-rfc2016.xml");
        var winner = DeclaringDomain.With("winner", 1, "GRID M60-4Q");
        var loser = new DeclaringDomain("loser", new Vgpu("type='GRID M60-4Q'"), winner.Vgpus[0]);
        host.Start(winner);
        var writes = host.Writes.Count;

        host.Call("prepare", loser).MustBeRefused("'winner'");

        Assert.That(host.Writes, Has.Count.EqualTo(writes));
    }

    [Test]
    public void A_fitting_foreign_device_is_used_and_left()
    {
        using var host = new HookedHost("m60-mdev.xml", "removal_grace = 0");
        var domain = DeclaringDomain.With("win10", 2, "GRID M60-4Q");
        var (foreign, own) = (domain.Vgpus[0].Uuid, domain.Vgpus[1].Uuid);
        Assert.That(host.Host.Write($"{Types}/nvidia-20/create", $"{foreign}"), Is.EqualTo(Errno.None));
        var before = host.Host.Tree();

        host.Start(domain);
        Assert.That(host.VirtMdev("list").Output, Does.Contain("online, foreign"));
        host.Stop(domain);
        host.WaitForWorkers();

        Assert.That(host.Writes.Skip(1), Is.EqualTo(new[]
        {
            $"0000:86:00.0/mdev_supported_types/nvidia-20/create \"{own}\" ok",
            $"0000:86:00.0/{own}/remove \"1\" ok",
        }));
        Assert.That(host.Host.Tree(), Is.EqualTo(before));
        Assert.That(host.Kept(), Is.EqualTo(new[] { "lock" }));
    }

    [TestCase("0")]
    [TestCase("1")]
    public void A_foreign_device_is_brought_online_and_put_back_as_it_was(string online)
    {
        using var host = new HookedHost("tableless.xml");
        var domain = new DeclaringDomain("plain", new Vgpu("parent='0000:05:00.0'"));
        host.Host.Write("sys/bus/pci/devices/0000:05:00.0/mdev_create", $"{domain.Vgpus[0].Uuid}");
        host.Host.Write($"{domain.Vgpus[0].Path}/online", online);
        var before = host.Host.Tree();

        host.Start(domain);
        Assert.That(host.Host.Read($"{domain.Vgpus[0].Path}/online"), Is.EqualTo("1\n"));
        host.Stop(domain);
        host.WaitForWorkers();

        Assert.That(host.Host.Tree(), Is.EqualTo(before));
        Assert.That(host.Writes.Where(w => w.Contains("destroy", StringComparison.Ordinal)), Is.Empty);
    }

    [TestCase("type='GRID M60-4Q'", "nvidia-18", "it is not of the declared type")]
    [TestCase("type='GRID M60-4Q' parent='0000:87:00.0'", "nvidia-20", "which is not declared")]
    public void A_foreign_device_that_does_not_fit_is_refused_and_left(string declared, string type, string reason)
    {
        using var host = new HookedHost("m60-mdev.xml");
        var domain = new DeclaringDomain("win10", new Vgpu(declared));
        host.Host.Write($"{Types}/{type}/create", $"{domain.Vgpus[0].Uuid}");
        var before = host.Host.Tree();

        host.Call("prepare", domain)
            .MustBeRefused("'win10'", $"'{domain.Vgpus[0].Uuid}'", "'0000:86:00.0'", "was not made by this hook", reason);
        host.Stop(domain);
        host.WaitForWorkers();

        Assert.That(host.Host.Tree(), Is.EqualTo(before));
    }

    [Test]
    public void Attributes_of_a_foreign_device_are_not_set()
    {
        using var host = new HookedHost("m60-mdev.xml");
        const string attr = "<mdev:attr name='nvidia/vgpu_params' value='a=1'/>";
        var domain = new DeclaringDomain("win10", new Vgpu("type='GRID M60-4Q'") { Attrs = attr });
        host.Host.Write($"{Types}/nvidia-20/create", $"{domain.Vgpus[0].Uuid}");

        host.Call("prepare", domain).MustBeRefused("'win10'", "its attributes are not ours to set");

        Assert.That(host.Writes, Has.Count.EqualTo(1));
    }

    [Test]
    public void The_2016_interface_does_not_tell_whether_somebody_elses_device_fits()
    {
        using var host = new HookedHost("m60-rfc2016.xml");
        var domain = DeclaringDomain.With("win10", 1, "GRID M60-4Q");
        host.Host.Write($"{RfcParent}/mdev_create", $"{domain.Vgpus[0].Uuid}:vgpu_type_id=17,vm_uuid={domain.Uuid}");
        var before = host.Host.Tree();

        host.Call("prepare", domain).MustBeRefused("'win10'", "the 2016 interface does not tell its type");
        host.Stop(domain);
        host.WaitForWorkers();

        Assert.That(host.Host.Tree(), Is.EqualTo(before));
    }

    [TestCase("m60-rfc2016.xml", RfcParent + "/mdev_create", ":vgpu_type_id=17,vm_uuid=11111111-2222-3333-4444-555555555555")]
    [TestCase("m60-mdev.xml", Types + "/nvidia-20/create", "")]
    public void A_device_that_was_replaced_by_a_foreign_one_is_not_started_and_left_alone(string hostFile, string create, string arguments)
    {
        using var host = new HookedHost(hostFile, "removal_grace = 0");
        var domain = DeclaringDomain.With("win10", 1, "GRID M60-4Q");
        host.Call("prepare", domain).MustBeGood();
        host.Host.Control($"vanish {domain.Vgpus[0].Uuid}");
        Assert.That(host.Host.Write(create, $"{domain.Vgpus[0].Uuid}{arguments}"), Is.EqualTo(Errno.None));
        var anew = host.Host.Tree();

        host.Call("start", domain).MustBeRefused("'win10'", $"'{domain.Vgpus[0].Uuid}'", "another device has taken its place");
        host.Stop(domain);
        host.WaitForWorkers();

        Assert.That(host.Host.Tree(), Is.EqualTo(anew));
        Assert.That(host.Kept(), Is.EqualTo(new[] { "lock" }));
    }

    [TestCase("m60-rfc2016.xml")]
    [TestCase("m60-mdev.xml")]
    public void A_device_that_vanished_is_not_started_and_released_without_a_word(string hostFile)
    {
        using var host = new HookedHost(hostFile);
        var domain = DeclaringDomain.With("win10", 2, "GRID M60-4Q");
        host.Call("prepare", domain).MustBeGood();
        host.Host.Control($"vanish {domain.Vgpus[0].Uuid}");

        host.Call("start", domain).MustBeRefused("'win10'", $"'{domain.Vgpus[0].Uuid}'", "it has disappeared since prepare");
        host.Stop(domain);

        host.MustBeAsBefore();
        Assert.That(host.Log, Does.Contain($"found removed already '{domain.Vgpus[0].Uuid}'"));
    }

    [Test]
    public void A_device_that_another_program_creates_first_is_kept_and_used()
    {
        using var host = new HookedHost("m60-mdev.xml", "removal_grace = 0");
        var domain = DeclaringDomain.With("win10", 1, "GRID M60-4Q");
        var prepare = Overtake(host, domain, "nvidia-20");
        var before = host.Host.Tree();

        prepare.End().MustBeGood();
        host.Stop(domain);
        host.WaitForWorkers();

        Assert.That(host.Host.Tree(), Is.EqualTo(before));
        Assert.That(host.Writes.Where(w => w.Contains("remove", StringComparison.Ordinal)), Is.Empty);
    }

    [Test]
    public void Another_device_that_is_created_first_is_kept_and_the_start_is_refused()
    {
        using var host = new HookedHost("m60-mdev.xml");
        var domain = DeclaringDomain.With("win10", 1, "GRID M60-4Q");
        var prepare = Overtake(host, domain, "nvidia-19");
        var before = host.Host.Tree();

        prepare.End().MustBeRefused("'win10'", "was not made by this hook", "it is not of the declared type");
        host.Stop(domain);
        host.WaitForWorkers();

        Assert.That(host.Host.Tree(), Is.EqualTo(before));
    }

    [TestCase("m60-mdev.xml")]
    [TestCase("m60-rfc2016.xml")]
    public void A_uuid_that_the_kernel_still_has_is_tried_again_until_it_is_free(string hostFile)
    {
        using var host = new HookedHost(hostFile);
        host.Host.Control("fault errno=EEXIST op=write path=**/*create count=3");
        var domain = DeclaringDomain.With("win10", 1, "GRID M60-4Q");

        host.Call("prepare", domain).MustBeGood();

        Assert.That(host.Writes.Count(w => w.EndsWith("EEXIST", StringComparison.Ordinal)), Is.EqualTo(3));
        host.Stop(domain);
        host.MustBeAsBefore();
    }

    [TestCase("m60-mdev.xml")]
    [TestCase("m60-rfc2016.xml")]
    public void A_uuid_that_the_kernel_keeps_is_refused_at_the_deadline_without_a_storm_of_writes(string hostFile)
    {
        using var host = new HookedHost(hostFile, "prepare_deadline = 6");
        host.Host.Control("fault errno=EEXIST op=write path=**/*create");
        var domain = DeclaringDomain.With("win10", 1, "GRID M60-4Q");

        host.Call("prepare", domain)
            .MustBeRefused("'win10'", $"'{domain.Vgpus[0].Uuid}'", "'0000:86:00.0'", "an earlier removal of it still waits in the kernel");

        host.MustBeAsBefore();
        Assert.That(host.Writes, Has.Count.LessThan(40));
        Assert.That(host.Log.Split('\n'), Has.Length.LessThan(40));
    }

    /// <summary>Creates the device while the hook's own create is pending.</summary>
    private static HookProcess Overtake(HookedHost host, DeclaringDomain domain, string type)
    {
        host.Host.Control("fault hang op=write path=**/create count=1");
        var prepare = host.Begin("prepare", domain);
        host.Host.WaitForLog(line => line.StartsWith("begin write", StringComparison.Ordinal));
        Assert.That(host.Host.Write($"{Types}/{type}/create", $"{domain.Vgpus[0].Uuid}"), Is.EqualTo(Errno.None));
        host.Host.Control("clear");
        return prepare;
    }
}
