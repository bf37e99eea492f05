using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>QEMU does not start although its devices were made, as where a driver offers more of them than it can start.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class FailedStartTests
{
    private const string Where =
        "the domain has ended before it was seen to run; where NVIDIA's driver refused a device, 'journalctl -u nvidia-vgpu-mgr'";

    [TestCase("m60-mdev.xml", "GRID M60-4Q")]
    [TestCase("m60-rfc2016.xml", "GRID M60-4Q")]
    public void Nothing_is_left_and_the_log_names_the_journal_of_NVIDIAs_daemon(string hostFile, string type)
    {
        using var host = new HookedHost(hostFile, "removal_grace = 0");
        var domain = DeclaringDomain.With("win10", 1, type);
        host.Call("prepare", domain).MustBeGood();
        host.Call("start", domain).MustBeGood();

        host.Stop(domain);

        host.MustBeAsBefore();
        Assert.That(host.Log, Does.Contain($"stopped of domain 'win10': {Where}"));
    }

    [Test]
    public void A_VF_is_the_same()
    {
        using var host = new HookedHost("l40s-vf.xml");
        var domain = new DeclaringDomain("win10", Vgpu.Vf("0000:41:00.4", "NVIDIA L40S-4Q"));
        host.Call("prepare", domain).MustBeGood();
        host.Call("start", domain).MustBeGood();

        host.Stop(domain);

        host.MustBeAsBefore();
        Assert.That(host.Log, Does.Contain(Where));
    }

    [TestCase("m60-mdev.xml", "GRID M60-4Q", true, Description = "it was started")]
    [TestCase("gvtg.xml", "i915-GVTg_V4_4", false, Description = "another vendor's")]
    public void No_journal_is_named_where_it_says_nothing(string hostFile, string type, bool isStarted)
    {
        using var host = new HookedHost(hostFile, "removal_grace = 0");
        var domain = DeclaringDomain.With("win10", 1, type);
        string[] operations = isStarted ? ["prepare", "start", "started"] : ["prepare", "start"];
        foreach (var operation in operations)
            host.Call(operation, domain).MustBeGood();

        host.Stop(domain);

        host.MustBeAsBefore();
        Assert.That(host.Log, Does.Not.Contain("nvidia-vgpu-mgr"));
    }
}
