using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>retarget, with a virsh that has one defined domain.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class RetargetTests
{
    private const string Elsewhere = "00aa:99:1f.7";

    private readonly DeclaringDomain _domain = new("win10", Vgpu.Vf(Elsewhere, "NVIDIA L40S-4Q"));

    [Test]
    public void A_VF_of_another_host_becomes_one_of_this()
    {
        using var host = new HookedHost("l40s-vf.xml");
        var virsh = new RecordedVirsh(host, _domain.ToString());
        var outcome = virsh.VirtMdev("retarget", "win10");

        Assert.That((outcome.Status, outcome.Output), Is.EqualTo((0,
            $"domain 'win10': '{Elsewhere}' becomes '0000:41:00.4' ('NVIDIA L40S-4Q' on '0000:41:00.0')\n")), outcome.Errors);
        Assert.That(virsh.Calls,
            Does.EndWith(" define /proc/self/fd/0\n" + (_domain with { Vgpus = [Vgpu.Vf("0000:41:00.4", "NVIDIA L40S-4Q")] })));
    }

    [Test]
    public void A_domain_that_was_edited_meanwhile_is_not_defined_over()
    {
        using var host = new HookedHost("l40s-vf.xml");
        var virsh = new RecordedVirsh(host, _domain.ToString(), "sed -i s/32768/65536/ \"$0.xml\"");
        var outcome = virsh.VirtMdev("retarget", "win10");

        Assert.That((outcome.Status, outcome.Output, outcome.Errors), Is.EqualTo((1, "",
            "virt-mdev: domain 'win10': somebody has changed its definition meanwhile, so it was left as it is; "
            + "run 'virt-mdev retarget' again\n")));
        Assert.That(virsh.Calls, Is.Empty);
    }
}
