using System.Text.RegularExpressions;
using LibvirtMdevHook.SystemTests.Lab;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Scenarios;

/// <summary>
/// A domain that is started from a snapshot has the snapshot's XML: retarget does not change it, and no hook but prepare is called.
/// </summary>
[TestFixture]
internal sealed class SnapshotTests() : Scenario("m60-mdev.xml", new LabOptions { Configuration = "removal_grace = 0\n" })
{
    private readonly VgpuDomain _domain = new("snapped", "GRID M60-4Q");

    /// <summary>
    /// libvirt looks for qemu-img when it starts, and wants it even where there is no disk to revert. The machine may have none.
    /// </summary>
    [SetUp]
    public void GiveItQemuImg()
    {
        Lab.Run("sh", "-c", """
            command -v qemu-img >/dev/null && exit
            mkdir -p /run/lab/sbin
            ln -s /bin/true /run/lab/sbin/qemu-img
            mount -t overlay -o lowerdir=/run/lab/sbin:/usr/sbin overlay /usr/sbin
            """).Expected("mount");
        Lab.RestartDaemon();
    }

    [Test]
    public void A_uuid_that_is_taken_can_be_replaced_in_the_snapshot_as_the_refusal_says()
    {
        Lab.Define(_domain.Guest());
        TakeSnapshot();
        var owner = new VgpuDomain("owner", "GRID M60-4Q") { Devices = _domain.Devices };
        Start(owner);

        var refusal = Sentence(Failure(Revert()));
        Assert.That(refusal, Does.Contain($"it belongs to the domain 'owner' ({owner.Uuid}); give the hostdev another uuid "
            + "('virt-mdev retarget' does it in the definition, 'virsh snapshot-edit' in a snapshot)"));

        VirtMdev("retarget", _domain.Name);
        Assert.That(Failure(Revert()), Does.Contain("it belongs to the domain 'owner'"), "the snapshot still has the uuid");

        Edit(_domain.Device, Guid.NewGuid());
        Revert().Expected("virsh snapshot-revert");
        Assert.That(State(_domain.Uuid), Is.EqualTo("running"));
        Lab.Virsh("snapshot-delete", "--metadata", _domain.Name, "first").Expected("virsh snapshot-delete");
    }

    /// <summary>A snapshot of a domain that is off and has no disk is its XML alone.</summary>
    private void TakeSnapshot()
    {
        var xml = Lab.Virsh("dumpxml", "--inactive", _domain.Name).Expected("virsh dumpxml").Output;
        var file = Path.Combine(Lab.Folder, "snapshot.xml");
        File.WriteAllText(file, "<domainsnapshot><name>first</name><state>shutoff</state><creationTime>1</creationTime>"
            + $"<memory snapshot='no'/>{Regex.Replace(xml, @"^<\?xml[^>]*>", "")}</domainsnapshot>");
        Lab.Virsh("snapshot-create", "--redefine", _domain.Name, file).Expected("virsh snapshot-create");
    }

    private Outcome Revert() => Lab.Virsh("snapshot-revert", "--running", _domain.Name, "first");

    /// <summary>virsh starts an editor, which here is a program that replaces one uuid.</summary>
    private void Edit(Guid from, Guid to)
    {
        var editor = Path.Combine(Lab.Folder, "editor");
        File.WriteAllText(editor, $"#!/bin/sh\nsed -i 's/{from}/{to}/g' \"$1\"\n");
        File.SetUnixFileMode(editor, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Lab.Run(["env", $"EDITOR={editor}", "virsh", "-c", "qemu:///system", "snapshot-edit", _domain.Name, "first"])
            .Expected("virsh snapshot-edit");
    }
}
