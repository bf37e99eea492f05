using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Scenarios;

/// <summary>Whichever step fails: everything is as before, and a sentence says so.</summary>
[TestFixture]
internal sealed class HotPlugFailureTests() : HotPlugScenario("m60-rfc2016.xml")
{
    private const string AsBefore = "; everything is as before";

    [TestCase("errno=EPERM op=write path=**/mdev_create", "the driver answers Operation not permitted (EPERM)")]
    [TestCase("errno=EIO op=write path=**/online", "cannot be had: it cannot be brought online: Input/output error (EIO)")]
    [TestCase("ignore op=write path=**/online", "it was brought online, but 'online' does not read 1")]
    public void A_driver_that_refuses_is_quoted(string fault, string reason)
    {
        var domain = StartPlain("unplugged");
        var before = (Xml(domain), Lab.Host.Tree());
        Lab.Host.Control($"fault {fault}");

        Assert.That(Refused(Attach(domain)), Does.Contain(reason).And.EndsWith(AsBefore));
        Assert.That((Xml(domain), Lab.Host.Tree()), Is.EqualTo(before));
        Assert.That(HasRecord(domain), Is.False);
    }

    [Test]
    public void A_driver_that_never_answers_keeps_no_caller_waiting()
    {
        var domain = StartPlain("waiting");
        Lab.Host.Control("fault hang op=write path=**/mdev_create");

        // Time enough to come to the driver on a busy machine.
        Assert.That(Refused(Attach(domain, "--wait", "5")), Does.Contain("the kernel does not answer; nothing was undone"));
        Lab.Host.Control("clear");
        Destroy(domain);
        NothingMayBeLeft();
    }

    [Test]
    public void A_driver_that_wants_all_devices_before_the_start_says_so()
    {
        var domain = StartDeclaring("complete");
        var before = (Xml(domain), Lab.Host.Tree(), File.ReadAllText(RecordFile(domain)));

        Assert.That(Refused(Attach(domain)), Does.Contain("the driver answers Operation not permitted (EPERM)")
            .And.EndsWith("of the 2016 interface may refuse another device to a domain that has one online" + AsBefore));
        Assert.That((Xml(domain), Lab.Host.Tree(), File.ReadAllText(RecordFile(domain))), Is.EqualTo(before));
        Destroy(domain);
    }

    [Test]
    public void A_parent_that_is_full_all_at_once_is_passed_over()
    {
        var domain = StartPlain("moving");
        Lab.Host.Control("fault errno=ENOSPC op=write path=**/0000:86:00.0/mdev_create");
        Assert.That(Attach(domain).Expected("attach").Output, Does.Contain("on '0000:87:00.0'"));
    }

    [Test]
    public void A_guest_that_takes_no_devices_while_it_runs_says_so()
    {
        var domain = new VgpuDomain("fixed");
        Lab.Define(domain.Guest() with { Metadata = "" });
        Start(domain.Uuid);
        var before = (Xml(domain), Lab.Host.Tree());

        Assert.That(Refused(Attach(domain)), Does.Contain("Bus 'pci.0' does not support hotplugging").And.EndsWith(AsBefore));
        Assert.That((Xml(domain), Lab.Host.Tree()), Is.EqualTo(before));
    }

    [Test]
    public void A_guest_that_cannot_open_the_device_says_so()
    {
        var domain = StartPlain("blind");
        var before = (Xml(domain), Lab.Host.Tree());
        var guest = Lab.Run("stat", "-c", "%u", $"/proc/{Lab.Guest(domain.Name)}").Expected("stat").Output.Trim();
        Lab.Host.Control($"fault errno=ENODEV op=open path=dev/vfio/* user={guest}");

        // The words are those of QEMU, and differ from one version to the next.
        var refusal = "cannot be attached: .*open '?/dev/vfio/[0-9]+'?: No such device" + AsBefore + "$";
        Assert.That(Refused(Attach(domain)), Does.Match(refusal));
        Lab.Host.Control("clear");
        Assert.That((Xml(domain), Lab.Host.Tree()), Is.EqualTo(before));
    }

    [Test]
    public void A_guest_that_ends_in_the_middle_leaves_nothing()
    {
        var domain = StartPlain("dying");
        var defined = Xml(domain, "--inactive");
        using var virsh = new FaultyVirsh(Lab, "*attach-device*--live", $"/usr/bin/virsh destroy {domain.Name} >/dev/null");

        Assert.That(Refused(Attach(domain, virsh, "--persistent")), Does.Contain("domain is not running").And.EndsWith(AsBefore));
        NothingMayBeLeft();
        Assert.That(Xml(domain), Is.EqualTo(defined));
    }

    [Test]
    public void A_domain_that_starts_anew_in_the_middle_keeps_its_new_device()
    {
        var domain = StartPlain("reborn");
        using var virsh = new FaultyVirsh(Lab, "*attach-device*--live",
            $"/usr/bin/virsh destroy {domain.Name} >/dev/null; /usr/bin/virsh start {domain.Name} >/dev/null");

        Attach(domain, virsh, "--persistent").Expected("attach");
        Assert.That(Devices(domain).Has, Is.EqualTo(new[] { Device }));
        Assert.That(Exists(Device));
        Destroy(domain);
    }

    [Test]
    public void A_virsh_that_hangs_is_given_up_and_what_it_did_is_looked_at()
    {
        var domain = StartPlain("hanging");
        var before = (Xml(domain), Lab.Host.Tree());
        using (var silent = new FaultyVirsh(Lab, "*attach-device*--live", "exec sleep infinity"))
        {
            var refusal = Attach(domain, silent, "--wait", "5");
            Assert.That(refusal.Errors, Does.Contain("virt-mdev: waiting for 'virsh attach-device' ...\n"));
            Assert.That(Refused(refusal), Does.Contain("'virsh attach-device' has not ended in time").And.EndsWith(AsBefore));
        }

        Assert.That((Xml(domain), Lab.Host.Tree()), Is.EqualTo(before));
        using var slow = new FaultyVirsh(Lab, "*attach-device*--live", "/usr/bin/virsh \"$@\"; exec sleep infinity");
        Attach(domain, slow, "--wait", "5").Expected("attach");
        Assert.That(Devices(domain).Has, Is.EqualTo(new[] { Device }));
    }

    [Test]
    public void Without_any_answer_the_device_stays_until_libvirt_knows()
    {
        var domain = StartPlain("silent");
        using var virsh = new FaultyVirsh(Lab, "*attach-device*--live", "exec sleep infinity");
        using var look = new FaultyVirsh(Lab, "*dumpxml*", "exec sleep infinity", nth: 4);

        var refusal = Lab.Run("env", $"PATH={Both(virsh, look)}:/usr/bin:/bin", Path.Combine(Lab.Folder, "usr/bin/virt-mdev"),
            "attach", domain.Name, "--type", Type, "--uuid", $"{Device}", "--wait", "5");
        Assert.That(Refused(refusal), Does.Contain("libvirt gives no answer, so it is not known whether the guest has got the device")
            .And.EndsWith("nothing was undone; 'virt-mdev detach' or the end of the domain takes the device back"));
        Assert.That(Exists(Device));

        Detach(domain).Expected("detach");
        Assert.That(Exists(Device), Is.False);
        Assert.That(Xml(domain), Does.Not.Contain(VgpuDomain.Namespace));
    }

    /// <summary>The second virsh follows the first in PATH.</summary>
    private static string Both(FaultyVirsh first, FaultyVirsh second)
    {
        var file = Path.Combine(first.Folder, "virsh");
        File.WriteAllText(file,
            File.ReadAllText(file).Replace("exec /usr/bin/virsh", $"exec {second.Folder}/virsh", StringComparison.Ordinal));
        return first.Folder;
    }
}
