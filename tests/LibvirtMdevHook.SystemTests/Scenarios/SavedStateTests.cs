using LibvirtMdevHook.SystemTests.Lab;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Scenarios;

/// <summary>
/// A managed save survives each way in which the hook can fail when its domain starts again: the start is refused, and succeeds once the
/// cause is gone. libvirt 11.3 deletes the save when a hook fails at restore.
/// </summary>
[TestFixture]
internal sealed class SavedStateTests() : Scenario(
    "m60-mdev.xml", new LabOptions { Configuration = "removal_grace = 0\nmigrate_deadline = 1\nprepare_deadline = 2\n" })
{
    private readonly VgpuDomain _domain = new("saved", "GRID M60-4Q");

    private string Worker => Path.Combine(Lab.Folder, "usr/bin/virt-mdev");

    [SetUp]
    public void Save()
    {
        Start(_domain);
        Lab.Virsh("managedsave", _domain.Name).Expected("virsh managedsave");
        NothingMayBeLeft();
    }

    [Test]
    public void No_worker()
    {
        File.Move(Worker, Worker + ".away");
        MustBeKept("'{0}' cannot be started", Worker);
        File.Move(Worker + ".away", Worker);
        MustBeRestored();
    }

    [TestCase("exit 1", "the worker ended without an answer")]
    [TestCase("kill -9 $$", "the worker ended without an answer")]
    [TestCase("exec sleep 3", "its devices were not ready within 2 s")]
    [TestCase("head -c 128 <&3 >/dev/null; printf '%-12s%s' +1000 '<domain>' >&3", "the worker ended without an answer")]
    public void A_broken_worker(string lines, string reason)
    {
        File.Move(Worker, Worker + ".away");
        File.WriteAllText(Worker, $"#!/bin/sh\n{lines}\n");
        File.SetUnixFileMode(Worker, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        MustBeKept(reason);
        File.Move(Worker + ".away", Worker, overwrite: true);
        MustBeRestored();
    }

    [Test]
    public void A_driver_that_does_not_answer()
    {
        Lab.Host.Control("fault hang op=read path=**/available_instances");
        MustBeKept("domain 'saved': ");
        Lab.Host.Control("clear");
        MustBeRestored();
    }

    [Test]
    public void A_device_that_cannot_be_created()
    {
        Lab.Host.Control("fault errno=EIO op=write path=**/create");
        MustBeKept("EIO");
        Lab.Host.Control("clear");
        MustBeRestored();
    }

    [Test]
    public void No_room_on_the_GPUs()
    {
        Write("sys/class/mdev_bus/0000:86:00.0/mdev_supported_types/nvidia-22/create", $"{Guid.NewGuid()}");
        Write("sys/class/mdev_bus/0000:87:00.0/mdev_supported_types/nvidia-22/create", $"{Guid.NewGuid()}");
        MustBeKept("cannot be had");
        foreach (var device in Lab.Run("ls", "/sys/bus/mdev/devices").Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            Write($"sys/bus/mdev/devices/{device}/remove", "1");
        MustBeRestored();
    }

    [Test]
    public void A_declaration_with_a_mistake()
    {
        var xml = Lab.Virsh("managedsave-dumpxml", _domain.Name).Expected("virsh managedsave-dumpxml").Output;
        Edit(xml.Replace("<mdev:hostdevs ", "<mdev:hostdevs gpu='mine' ", StringComparison.Ordinal));
        MustBeKept("gpu='mine' is not known");
        Edit(xml);
        MustBeRestored();
    }

    [Test]
    public void Records_that_cannot_be_written()
    {
        Directory.Move(Lab.Records, Lab.Records + ".away");
        File.WriteAllText(Lab.Records, "");
        MustBeKept("libvirt-mdev");
        File.Delete(Lab.Records);
        Directory.Move(Lab.Records + ".away", Lab.Records);
        MustBeRestored();
    }

    private void Edit(string xml)
    {
        var file = Path.Combine(Lab.Folder, "edited.xml");
        File.WriteAllText(file, xml);
        Lab.Virsh("managedsave-define", _domain.Name, file).Expected("virsh managedsave-define");
    }

    /// <summary>Fails unless the start is refused and the save still exists.</summary>
    private void MustBeKept(string reason, params object[] words)
    {
        Assert.That(Refusal(_domain.Uuid), Does.Contain(string.Format(null, reason, words)));
        Assert.That(Lab.Virsh("dominfo", _domain.Name).Output, Does.Match(@"Managed save:\s+yes"));
        Assert.That(State(_domain.Uuid), Is.EqualTo("shut off"));
    }

    private void MustBeRestored()
    {
        Start(_domain.Uuid);
        Assert.That(Lab.Virsh("domstate", "--reason", _domain.Name).Output.Trim(), Is.EqualTo("running (restored)"));
        Assert.That(Exists(_domain.Device));
    }
}
