using System.Text.RegularExpressions;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>attach without a device, on a host where only VFs have the type: it picks a free one.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class VfAttachTests
{
    private const string First = "0000:41:00.4";
    private const string Second = "0000:41:00.5";
    private const string Type = "NVIDIA L40S-4Q";

    private readonly DeclaringDomain _domain = new("win10") { Uuid = Guid.NewGuid() };

    [Test]
    public void A_free_VF_is_picked_set_declared_and_attached()
    {
        using var host = new HookedHost("l40s-vf.xml");
        var virsh = new RecordedVirsh(host, Plain(_domain));

        var attach = virsh.VirtMdev("attach", "win10", "--type", Type);

        Assert.That((attach.Status, attach.Output), Is.EqualTo((0, $"attached '{First}' ('{Type}' on '0000:41:00.0') to 'win10'\n")),
            attach.Errors);
        Assert.That(virsh.Calls, Does.Contain($"<hostdev address=\"{First}\" type=\"{Type}\" />").And.EndsWith(
            "--live\n<hostdev mode='subsystem' type='pci' managed='no'><source>"
            + "<address domain='0x0000' bus='0x41' slot='0x00' function='0x4'/></source></hostdev>"));
        Assert.That(File.ReadAllText(host.Record(_domain)), Does.Contain($"<name>{First}</name>"));
        host.Stop(_domain);
        host.MustBeAsBefore();
        Assert.That(host.Writes,
            Is.EqualTo(new[] { $"{First}/nvidia/current_vgpu_type \"1150\" ok", $"{First}/nvidia/current_vgpu_type \"0\" ok" }));
    }

    [Test]
    public void Another_VF_is_picked_where_the_driver_refuses_the_first()
    {
        using var host = new HookedHost("l40s-vf.xml");
        host.Host.Control($"fault errno=EIO op=write path=**/{First}/nvidia/current_vgpu_type");

        var attach = new RecordedVirsh(host, Plain(_domain)).VirtMdev("attach", "win10", "--type", Type);

        Assert.That(attach.Output, Does.StartWith($"attached '{Second}'"), attach.Errors);
        host.Host.Control("clear");
        host.Stop(_domain);
        host.MustBeAsBefore();
    }

    [Test]
    public void Where_nothing_fits_the_refusal_lists_the_candidates()
    {
        using var host = new HookedHost("l40s-vf.xml");
        var others = new DeclaringDomain("other", Vgpu.Vf(First, "NVIDIA L40S-24Q"), Vgpu.Vf(Second, "NVIDIA L40S-24Q"));
        host.Start(others);
        var virsh = new RecordedVirsh(host, Plain(_domain));
        var writes = host.Writes.Count;

        var attach = virsh.VirtMdev("attach", "win10", "--type", "NVIDIA L40S-24Q");

        Assert.That(attach.Status, Is.EqualTo(1));
        Assert.That(attach.Errors,
            Does.Match($"^virt-mdev: domain 'win10': the device '[^']*' of type 'NVIDIA L40S-24Q' cannot be had: no parent fits: "
            + $"'{First}', '{Second}': it is a VF of the domain 'other'; "
            + "'0000:41:00.6', '0000:41:00.7', '0000:41:01.0', '0000:41:01.1': .*; "
            + "'0000:61:00.0': its VFs are not enabled; run '/usr/lib/nvidia/sriov-manage -e 0000:61:00.0'; everything is as before\n$"));
        Assert.That((virsh.Calls, host.Writes.Count), Is.EqualTo(("", writes)));
        host.Stop(others);
        host.MustBeAsBefore();
    }

    [TestCase("--parent=0000:41:00.0", Second)]
    [TestCase("--parent=0000:41:00.7", "0000:41:00.7")]
    [TestCase("--type=L40S-1Q", Second)]
    public void A_domain_that_does_not_run_gets_one_that_it_does_not_have(string option, string address)
    {
        using var host = new HookedHost("l40s-vf.xml");
        var defined = new DeclaringDomain("win10", Vgpu.Vf(First, Type));
        var virsh = new RecordedVirsh(host, defined.ToString().Replace(" id='1'", "", StringComparison.Ordinal));
        string[] type = option.StartsWith("--type", StringComparison.Ordinal) ? [] : ["--type", Type];

        var attach = virsh.VirtMdev(["attach", "win10", "--persistent", option, .. type]);

        Assert.That((attach.Status, attach.Output), Is.EqualTo((0, $"declared '{address}' for the next start of 'win10'\n")),
            attach.Errors);
        Assert.That(virsh.Calls,
            Does.Contain($"<hostdev address=\"{First}\" ").And.Contain($"<hostdev address=\"{address}\" ")
                .And.Contain($"function='0x{address[^1]}'"));
        host.MustBeAsBefore();
        Assert.That(host.Writes, Is.Empty);
    }

    [Test]
    public void A_uuid_that_is_given_is_that_of_a_mediated_device()
    {
        using var host = new HookedHost("l40s-vf.xml");
        var attach = new RecordedVirsh(host, Plain(_domain)).VirtMdev("attach", "win10", "--type", Type, "--uuid", $"{Guid.NewGuid()}");

        Assert.That((attach.Status, attach.Errors),
            Is.EqualTo((1, attach.Errors))
                .And.Matches<(int, string)>(a => a.Item2.Contains("everything is as before", StringComparison.Ordinal)));
        host.MustBeAsBefore();
    }

    [Test]
    public void Attributes_are_set_in_the_order_in_which_they_were_given()
    {
        using var host = new HookedHost("s390.xml");
        var virsh = new RecordedVirsh(host, Plain(_domain));

        var attach = virsh.VirtMdev(
            "attach", "win10", "--type", "vfio_ap-passthrough", "--attr=assign_adapter=5", "--attr", "assign_adapter=0x06",
            "--attr=assign_domain=4", "--attr", "unassign_adapter=5");

        Assert.That(attach.Status, Is.Zero, attach.Errors);
        Assert.That(host.Writes.Skip(1).Select(w => w[(w.LastIndexOf('/') + 1)..]), Is.EqualTo(new[]
        {
            "assign_adapter \"5\\n\" ok", "assign_adapter \"0x06\\n\" ok", "assign_domain \"4\\n\" ok", "unassign_adapter \"5\\n\" ok",
        }));
        Assert.That(virsh.Calls, Does.Contain("<attr name=\"assign_adapter\" value=\"5\" /><attr name=\"assign_adapter\" value=\"0x06\" />"
            + "<attr name=\"assign_domain\" value=\"4\" /><attr name=\"unassign_adapter\" value=\"5\" /></hostdev>"));
        host.Stop(_domain);
        host.MustBeAsBefore();
    }

    [TestCase("--attr=remove=1", "name='remove' is not an attribute that may be set")]
    [TestCase("--attr=nvidia/../remove=1", "name='nvidia/../remove' is not an attribute that may be set")]
    [TestCase("--attr=/etc/passwd=1", "name='/etc/passwd' is not an attribute that may be set")]
    [TestCase("--attr=nvidia/current_vgpu_type=0", "name='nvidia/current_vgpu_type' is not an attribute that may be set")]
    [TestCase("--attr=nvidia/vgpu_params=a\nb", "has control characters")]
    [TestCase("--attr=nvidia/vgpu_params", "--attr 'nvidia/vgpu_params' is not NAME=VALUE")]
    [TestCase("--attr=nvidia/vgpu_params=\ufffe", "has a character that no domain XML can hold")]
    [TestCase("--address=0000:41:00.0", "it is a PF; declare one of its VFs, such as '0000:41:00.4'")]
    [TestCase("--address=0000:99:00.4", "there is no such PCI device")]
    [TestCase("--address=0000:41:01.1", "it is a VF without nvidia/current_vgpu_type, as it has no driver")]
    [TestCase("--address=41:00.4", "is not a PCI address such as '0000:86:00.4'")]
    public void What_cannot_be_asked_for_is_one_sentence_and_changes_nothing(string option, string words)
    {
        using var host = new HookedHost(
            "l40s-vf.xml", change: text =>
                text.Replace("count=\"6\" driver=\"nvidia\"/>", "count=\"6\" driver=\"nvidia\" unbound=\"1\"/>", StringComparison.Ordinal));
        var virsh = new RecordedVirsh(host, Plain(_domain));

        var attach = virsh.VirtMdev(["attach", "win10", "--type", Type, .. option.Split('=', 2)]);

        Assert.That((attach.Status, attach.Output, virsh.Calls), Is.EqualTo((1, "", "")));
        Assert.That(attach.Errors, Does.StartWith("virt-mdev: ").And.Contain(words).And.Not.Match("\n."));
        host.MustBeAsBefore();
        Assert.That(host.Writes, Is.Empty);
    }

    /// <summary>A running domain that declares nothing.</summary>
    private static string Plain(DeclaringDomain domain) =>
        Regex.Replace(domain.ToString(), "<metadata>.*</metadata>", "", RegexOptions.Singleline);
}
