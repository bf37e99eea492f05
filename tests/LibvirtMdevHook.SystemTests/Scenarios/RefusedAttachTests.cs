using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Scenarios;

/// <summary>libvirt refuses a step of an attach: the running domain and its definition are as before.</summary>
[TestFixture]
internal sealed class RefusedAttachTests() : HotPlugScenario("m60-mdev.xml")
{
    [TestCase("*metadata*--config*", "cannot be declared for the next start: out of order")]
    [TestCase("*attach-device*--config", "cannot be defined for the next start: out of order")]
    [TestCase("*metadata*--live*", "cannot be declared: out of order")]
    [TestCase("*attach-device*--live", "cannot be attached: out of order")]
    public void A_step_that_libvirt_refuses_undoes_those_before(string call, string reason)
    {
        var domain = StartDeclaring("refused");
        var before = (Xml(domain), Xml(domain, "--inactive"), Lab.Host.Tree(), File.ReadAllText(RecordFile(domain)));
        using var virsh = FaultyVirsh.Failing(Lab, call);

        Assert.That(Refused(Attach(domain, virsh, "--persistent")),
            Is.EqualTo($"virt-mdev: domain 'refused': the device '{Device}' {reason}; everything is as before"));
        Assert.That((Xml(domain), Xml(domain, "--inactive"), Lab.Host.Tree(), File.ReadAllText(RecordFile(domain))), Is.EqualTo(before));
        Destroy(domain);
    }
}
