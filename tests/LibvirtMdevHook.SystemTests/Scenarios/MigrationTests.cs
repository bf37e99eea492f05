using System.Text.RegularExpressions;
using LibvirtMdevHook.SystemTests.Lab;
using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Scenarios;

/// <summary>Two libvirtds on two hosts, where the same names stand for other ids and even for another interface of the kernel.</summary>
[TestFixture]
internal sealed partial class MigrationTests() : MigrationScenario(
    "m60-mdev.xml", new LabOptions { Configuration = "removal_grace = 2\n" }, "m60-rfc2016.xml", new LabOptions())
{
    private readonly VgpuDomain _domain = new("traveller", "GRID M60-4Q");

    [Test]
    public void A_running_domain_moves_there_and_back()
    {
        Start(_domain);
        Assert.That(TypeHere(), Is.EqualTo("nvidia-20"));

        Migrate(_domain.Name, Lab, There).Expected("virsh migrate");

        Assert.That(StateIn(There, _domain.Name), Is.EqualTo("running"));
        Assert.That(There.Host.Log(), Has.Some.Contains($"mdev_create \"{_domain.Device}:vgpu_type_id=17,vm_uuid={_domain.Uuid}\" ok"));
        Assert.That(DeviceIn(There), Is.EqualTo(_domain.Device));

        // The driver here still has time to remove the device itself, and the removal waits for that.
        Assert.That(Exists(_domain.Device));
        Migrate(_domain.Name, There, Lab).Expected("virsh migrate");

        Assert.That(State(_domain.Uuid), Is.EqualTo("running"));
        Assert.That(TypeHere(), Is.EqualTo("nvidia-20"));
        Assert.That(DeviceIn(Lab), Is.EqualTo(_domain.Device));
        NothingMayBeLeftIn(There);
    }

    [Test]
    public void A_uuid_that_is_taken_there_is_replaced()
    {
        var other = new VgpuDomain("other", "GRID M60-4Q") { Devices = _domain.Devices };
        There.Define(other.Guest());
        There.Virsh("start", other.Name).Expected("virsh start");
        var inode = There.Host.Inode($"sys/bus/mdev/devices/{_domain.Device}");
        Start(_domain);

        Migrate(_domain.Name, Lab, There).Expected("virsh migrate");

        var device = DeviceIn(There);
        Assert.That(device, Is.Not.EqualTo(_domain.Device));
        Assert.That(There.Host.Exists($"sys/bus/mdev/devices/{device}"));
        Assert.That(There.Host.Inode($"sys/bus/mdev/devices/{_domain.Device}"), Is.EqualTo(inode), "the other domain's device");

        Migrate(_domain.Name, There, Lab).Expected("virsh migrate");
        Assert.That(DeviceIn(Lab), Is.EqualTo(device));
    }

    [Test]
    public void A_type_that_is_not_there_refuses_the_migration_and_the_domain_runs_on_here()
    {
        var stays = new VgpuDomain(_domain.Name, "GRID M60-1A") { Uuid = _domain.Uuid };
        Start(stays);
        var inode = Inode(stays.Device);

        var sentence = Sentence(Failure(Migrate(_domain.Name, Lab, There)));

        Assert.That(sentence, Is.EqualTo($"domain 'traveller': the device '{stays.Device}' of type 'GRID M60-1A' cannot be had: "
            + "'0000:86:00.0', '0000:87:00.0' have no such type; did you mean 'GRID M60-1B' or 'GRID M60-1Q' or 'GRID M60-0B'?"));
        Assert.That(State(stays.Uuid), Is.EqualTo("running"));
        Assert.That(Inode(stays.Device), Is.EqualTo(inode));
        NothingMayBeLeftIn(There);
    }

    [Test]
    public void A_device_that_cannot_be_made_there_after_all_leaves_the_domain_running_here()
    {
        Start(_domain);
        There.Host.Control("fault errno=EINVAL op=write path=**/mdev_create");

        Assert.That(Sentence(Failure(Migrate(_domain.Name, Lab, There))), Does.Contain("EINVAL"));

        Assert.That(State(_domain.Uuid), Is.EqualTo("running"));
        NothingMayBeLeftIn(There);
    }

    [Test]
    public void After_an_offline_migration_nothing_follows_and_nothing_is_claimed()
    {
        Lab.Define(_domain.Guest());

        MigrateOffline(_domain.Name, Lab, There).Expected("virsh migrate");

        Assert.That(Directory.EnumerateFiles($"{There.Records}/domains"), Is.Empty);
        Assert.That(There.Host.State(), Does.Not.Contain("device "));
        There.Virsh("start", _domain.Name).Expected("virsh start");
        Assert.That(Directory.EnumerateFiles($"{There.Records}/reserved"), Is.Empty);
        Assert.That(DeviceIn(There), Is.EqualTo(_domain.Device));
    }

    [Test]
    public void An_offline_migration_replaces_a_uuid_for_good()
    {
        var other = new VgpuDomain("other", "GRID M60-4Q") { Devices = _domain.Devices };
        There.Define(other.Guest());
        There.Virsh("start", other.Name).Expected("virsh start");
        Lab.Define(_domain.Guest());

        MigrateOffline(_domain.Name, Lab, There).Expected("virsh migrate");

        There.Virsh("start", _domain.Name).Expected("virsh start");
        Assert.That(DeviceIn(There), Is.Not.EqualTo(_domain.Device));
    }

    [Test]
    public void A_domain_that_moved_for_good_is_retargeted_for_its_next_start()
    {
        var other = new VgpuDomain("other", "GRID M60-4Q") { Devices = _domain.Devices };
        There.Define(other.Guest());
        There.Virsh("start", other.Name).Expected("virsh start");
        Start(_domain);
        Migrate(_domain.Name, Lab, There, "--persistent", "--undefinesource").Expected("virsh migrate");
        var running = DeviceIn(There);

        // For the next start libvirt keeps the XML of the source host.
        Assert.That(DeviceIn(There, "--inactive"), Is.EqualTo(_domain.Device));
        var said = VirtMdevIn(There, "retarget", _domain.Name).Expected("virt-mdev").Output;

        var next = DeviceIn(There, "--inactive");
        Assert.That(next, Is.Not.EqualTo(_domain.Device));
        Assert.That(said, Does.StartWith($"domain 'traveller': '{_domain.Device}' becomes '{next}' ('GRID M60-4Q' on '0000:8"));
        Assert.That(DeviceIn(There), Is.EqualTo(running), "the running domain");
        There.Virsh("destroy", _domain.Name).Expected("virsh destroy");
        There.Virsh("start", _domain.Name).Expected("virsh start");
        Assert.That(VirtMdevIn(There, "retarget", _domain.Name).Expected("virt-mdev").Output,
            Is.EqualTo("domain 'traveller': nothing has to be changed\n"));
    }

    [Test]
    public void A_domain_that_cannot_be_retargeted_is_left_as_it_is()
    {
        var lacking = new VgpuDomain(_domain.Name, "GRID M60-1A") { Uuid = _domain.Uuid };
        There.Define(lacking.Guest());
        var before = There.Virsh("dumpxml", _domain.Name).Output;

        var refused = VirtMdevIn(There, "retarget", _domain.Name);
        var unknown = VirtMdevIn(There, "retarget", "-nobody");

        Assert.That((refused.Status, refused.Output), Is.EqualTo((1, "")));
        Assert.That(refused.Errors, Does.StartWith("virt-mdev: domain 'traveller': the device").And.Contain("have no such type"));
        Assert.That(There.Virsh("dumpxml", _domain.Name).Output, Is.EqualTo(before));
        Assert.That(unknown.Status, Is.Not.Zero);
    }

    [Test]
    public void A_saved_domain_comes_back()
    {
        Start(_domain);
        Lab.Virsh("managedsave", _domain.Name).Expected("virsh managedsave");

        Start(_domain.Uuid);

        Assert.That(DeviceIn(Lab), Is.EqualTo(_domain.Device));
    }

    [Test]
    public void A_saved_domain_whose_uuid_was_taken_meanwhile_comes_back_with_another()
    {
        Start(_domain);
        Lab.Virsh("managedsave", _domain.Name).Expected("virsh managedsave");
        Wait.Until(() => !Exists(_domain.Device), Lab.Host.State);
        var other = new VgpuDomain("other", "GRID M60-4Q") { Devices = _domain.Devices };
        Start(other);
        var inode = Inode(other.Device);

        Start(_domain.Uuid);

        Assert.That(DeviceIn(Lab), Is.Not.EqualTo(_domain.Device));
        Assert.That(Inode(other.Device), Is.EqualTo(inode));
    }

    [Test]
    public void A_saved_domain_that_cannot_have_its_device_stays_saved()
    {
        var large = new VgpuDomain(_domain.Name, "GRID M60-8Q") { Uuid = _domain.Uuid };
        Start(large);
        Lab.Virsh("managedsave", large.Name).Expected("virsh managedsave");
        Wait.Until(() => !Exists(large.Device), Lab.Host.State);
        var others = new VgpuDomain("others", "GRID M60-8Q", "GRID M60-8Q");
        Start(others);

        Assert.That(Refusal(large.Uuid),
            Does.StartWith($"domain 'traveller': the device '{large.Device}' of type 'GRID M60-8Q' cannot be had: no parent fits"));

        Destroy(others);
        Start(large.Uuid);
        Assert.That(Lab.Virsh("dominfo", large.Name).Output, Does.Match(@"Managed save:\s+no"));
    }

    /// <summary>The only device of the domain; fails unless declaration and hostdev agree on it.</summary>
    private Guid DeviceIn(HermeticLibvirtd lab, params IEnumerable<string> options)
    {
        var uuids = Uuids().Matches(lab.Virsh(["dumpxml", _domain.Name, .. options]).Expected("virsh dumpxml").Output)
            .Select(m => m.Groups[1].Value).ToArray();
        Assert.That(uuids, Has.Length.EqualTo(2).And.All.EqualTo(uuids[0]));
        return Guid.Parse(uuids[0]);
    }

    private string TypeHere() =>
        Path.GetFileName(Lab.Run("readlink", $"/sys/bus/mdev/devices/{_domain.Device}/mdev_type").Expected("readlink").Output.Trim());

    [GeneratedRegex("<(?:mdev:hostdev|address) uuid=['\"]([^'\"]*)['\"]")]
    private static partial Regex Uuids();
}
