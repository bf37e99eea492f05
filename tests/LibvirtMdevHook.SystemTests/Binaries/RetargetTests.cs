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

    [TestCase(" display='on' ramfb='on'",
        "; it has display='on' ramfb='on', which libvirt takes on the hostdev of a mediated device alone; leave that out")]
    [TestCase("", "which 'virt-mdev render' completes\n")]
    public void A_mediated_device_that_could_be_a_VF_here_is_said_to_with_what_a_VF_cannot_have(string attributes, string words)
    {
        using var host = new HookedHost("l40s-vf.xml");
        var domain = DeclaringDomain.With("win10", 1, "NVIDIA L40S-4Q");
        var xml = $"{domain}".Replace("model='vfio-pci'", $"model='vfio-pci'{attributes}", StringComparison.Ordinal);

        var outcome = new RecordedVirsh(host, xml).VirtMdev("retarget", "win10");

        Assert.That((outcome.Status, outcome.Output), Is.EqualTo((1, "")));
        Assert.That(outcome.Errors, Does.Contain($"; a VF can be had in place of the mediated device '{domain.Vgpus[0].Uuid}': "
            + "write <hostdev type='pci' mdev:type='NVIDIA L40S-4Q'/> for it").And.Contain(words));
    }

    [Test]
    public void A_driver_element_with_iommufd_stays()
    {
        using var host = new HookedHost("cdevs.xml");
        var text = $"{_domain}".Replace("managed='no'><source>", "managed='no'><driver iommufd='yes'/><source>", StringComparison.Ordinal);
        var virsh = new RecordedVirsh(host, text);

        var outcome = virsh.VirtMdev("retarget", "win10");

        Assert.That((outcome.Status, outcome.Errors), Is.EqualTo((0, "")));
        Assert.That(virsh.Calls, Does.Contain("managed='no'><driver iommufd='yes'/><source><address domain='0x0000' bus='0x41' "
            + "slot='0x00' function='0x4'/></source></hostdev>"));
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
