using System.Text.RegularExpressions;
using LibvirtMdevHook.SystemTests.Lab;
using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Scenarios;

/// <summary>Two libvirtds on two hosts, on which the same names stand for other ids and even for another interface of the kernel.</summary>
[TestFixture]
internal sealed partial class MigrationTests() : Scenario("m60-mdev.xml", new LabOptions { Configuration = "removal_grace = 2\n" })
{
    private readonly VgpuDomain domain = new("traveller", "GRID M60-4Q");

    private HermeticLibvirtd there = null!;

    [OneTimeSetUp]
    public void StartTheOtherHost() => there = HermeticLibvirtd.Start("m60-rfc2016.xml");

    [OneTimeTearDown]
    public void StopTheOtherHost() => there.Dispose();

    [TearDown]
    public void EndThere()
    {
        there.Host.Control("clear");
        TestContext.Out.WriteLine($"Hook there:\n{there.HookLog}");
        EndDomains(there);
        if (Directory.Exists($"{there.Records}/reserved"))
        {
            // Of a migration that nothing follows, the promise ends by itself in a minute.
            Directory.EnumerateFiles($"{there.Records}/reserved").ToList().ForEach(File.Delete);
        }

        NothingIsLeftIn(there);
    }

    [Test]
    public void A_running_domain_moves_there_and_back()
    {
        Start(domain);
        Assert.That(TypeHere(), Is.EqualTo("nvidia-20"));

        Migrate(Lab, there).Expected("virsh migrate");

        Assert.That(StateIn(there), Is.EqualTo("running"));
        Assert.That(there.Host.Log(), Has.Some.Contains($"mdev_create \"{domain.Device}:vgpu_type_id=17,vm_uuid={domain.Uuid}\" ok"));
        Assert.That(DeviceIn(there), Is.EqualTo(domain.Device));

        // The driver here is still given its time to remove the device itself, which is waited for.
        Assert.That(Exists(domain.Device));
        Migrate(there, Lab).Expected("virsh migrate");

        Assert.That(State(domain.Uuid), Is.EqualTo("running"));
        Assert.That(TypeHere(), Is.EqualTo("nvidia-20"));
        Assert.That(DeviceIn(Lab), Is.EqualTo(domain.Device));
        NothingIsLeftIn(there);
    }

    [Test]
    public void A_uuid_that_is_taken_there_is_replaced()
    {
        var other = new VgpuDomain("other", "GRID M60-4Q") { Devices = domain.Devices };
        there.Define(other.Guest());
        there.Virsh("start", other.Name).Expected("virsh start");
        var inode = there.Host.Inode($"sys/bus/mdev/devices/{domain.Device}");
        Start(domain);

        Migrate(Lab, there).Expected("virsh migrate");

        var device = DeviceIn(there);
        Assert.That(device, Is.Not.EqualTo(domain.Device));
        Assert.That(there.Host.Exists($"sys/bus/mdev/devices/{device}"));
        Assert.That(there.Host.Inode($"sys/bus/mdev/devices/{domain.Device}"), Is.EqualTo(inode), "the other domain's device");

        Migrate(there, Lab).Expected("virsh migrate");
        Assert.That(DeviceIn(Lab), Is.EqualTo(device));
    }

    [Test]
    public void A_type_that_is_not_there_refuses_the_migration_and_the_domain_runs_on_here()
    {
        var stays = new VgpuDomain(domain.Name, "GRID M60-1A") { Uuid = domain.Uuid };
        Start(stays);
        var inode = Inode(stays.Device);

        var sentence = Sentence(Failure(Migrate(Lab, there)));

        Assert.That(sentence, Is.EqualTo($"domain 'traveller': the device '{stays.Device}' of type 'GRID M60-1A' cannot be had: "
            + "'0000:86:00.0', '0000:87:00.0' have no such type; did you mean 'GRID M60-1B' or 'GRID M60-1Q' or 'GRID M60-0B'?"));
        Assert.That(State(stays.Uuid), Is.EqualTo("running"));
        Assert.That(Inode(stays.Device), Is.EqualTo(inode));
        NothingIsLeftIn(there);
    }

    [Test]
    public void A_device_that_cannot_be_made_there_after_all_leaves_the_domain_running_here()
    {
        Start(domain);
        there.Host.Control("fault errno=EINVAL op=write path=**/mdev_create");

        Assert.That(Sentence(Failure(Migrate(Lab, there))), Does.Contain("EINVAL"));

        Assert.That(State(domain.Uuid), Is.EqualTo("running"));
        NothingIsLeftIn(there);
    }

    [Test]
    public void After_an_offline_migration_nothing_follows_and_nothing_is_claimed()
    {
        Lab.Define(domain.Guest());

        Lab.Virsh("migrate", "--offline", "--persistent", "--p2p", domain.Name, Uri(there)).Expected("virsh migrate");

        Assert.That(Directory.EnumerateFiles($"{there.Records}/domains"), Is.Empty);
        Assert.That(there.Host.State(), Does.Not.Contain("device "));
        there.Virsh("start", domain.Name).Expected("virsh start");
        Assert.That(Directory.EnumerateFiles($"{there.Records}/reserved"), Is.Empty);
        Assert.That(DeviceIn(there), Is.EqualTo(domain.Device));
    }

    [Test]
    public void An_offline_migration_replaces_a_uuid_for_good()
    {
        var other = new VgpuDomain("other", "GRID M60-4Q") { Devices = domain.Devices };
        there.Define(other.Guest());
        there.Virsh("start", other.Name).Expected("virsh start");
        Lab.Define(domain.Guest());

        Lab.Virsh("migrate", "--offline", "--persistent", "--p2p", domain.Name, Uri(there)).Expected("virsh migrate");

        there.Virsh("start", domain.Name).Expected("virsh start");
        Assert.That(DeviceIn(there), Is.Not.EqualTo(domain.Device));
    }

    [Test]
    public void A_domain_that_moved_for_good_is_retargeted_for_its_next_start()
    {
        var other = new VgpuDomain("other", "GRID M60-4Q") { Devices = domain.Devices };
        there.Define(other.Guest());
        there.Virsh("start", other.Name).Expected("virsh start");
        Start(domain);
        Migrate(Lab, there, "--persistent", "--undefinesource").Expected("virsh migrate");
        var running = DeviceIn(there);

        // libvirt keeps for the next start the XML of the host that the domain came from.
        Assert.That(DeviceIn(there, "--inactive"), Is.EqualTo(domain.Device));
        var said = there.Run($"{there.Folder}/usr/bin/virt-mdev", "retarget", domain.Name).Expected("virt-mdev").Output;

        var next = DeviceIn(there, "--inactive");
        Assert.That(next, Is.Not.EqualTo(domain.Device));
        Assert.That(said, Does.StartWith($"domain 'traveller': '{domain.Device}' becomes '{next}' ('GRID M60-4Q' on '0000:8"));
        Assert.That(DeviceIn(there), Is.EqualTo(running), "the running domain");
        there.Virsh("destroy", domain.Name).Expected("virsh destroy");
        there.Virsh("start", domain.Name).Expected("virsh start");
        Assert.That(there.Run($"{there.Folder}/usr/bin/virt-mdev", "retarget", domain.Name).Expected("virt-mdev").Output,
            Is.EqualTo("domain 'traveller': nothing has to be changed\n"));
    }

    [Test]
    public void A_domain_that_cannot_be_retargeted_is_left_as_it_is()
    {
        var lacking = new VgpuDomain(domain.Name, "GRID M60-1A") { Uuid = domain.Uuid };
        there.Define(lacking.Guest());
        var before = there.Virsh("dumpxml", domain.Name).Output;

        var refused = there.Run($"{there.Folder}/usr/bin/virt-mdev", "retarget", domain.Name);
        var unknown = there.Run($"{there.Folder}/usr/bin/virt-mdev", "retarget", "-nobody");

        Assert.That((refused.Status, refused.Output), Is.EqualTo((1, "")));
        Assert.That(refused.Errors, Does.StartWith("virt-mdev: domain 'traveller': the device").And.Contain("have no such type"));
        Assert.That(there.Virsh("dumpxml", domain.Name).Output, Is.EqualTo(before));
        Assert.That(unknown.Status, Is.Not.Zero);
    }

    [Test]
    public void A_saved_domain_comes_back()
    {
        Start(domain);
        Lab.Virsh("managedsave", domain.Name).Expected("virsh managedsave");

        Start(domain.Uuid);

        Assert.That(DeviceIn(Lab), Is.EqualTo(domain.Device));
    }

    [Test]
    public void A_saved_domain_whose_uuid_was_taken_meanwhile_comes_back_with_another()
    {
        Start(domain);
        Lab.Virsh("managedsave", domain.Name).Expected("virsh managedsave");
        Wait.Until(() => !Exists(domain.Device), Lab.Host.State);
        var other = new VgpuDomain("other", "GRID M60-4Q") { Devices = domain.Devices };
        Start(other);
        var inode = Inode(other.Device);

        Start(domain.Uuid);

        Assert.That(DeviceIn(Lab), Is.Not.EqualTo(domain.Device));
        Assert.That(Inode(other.Device), Is.EqualTo(inode));
    }

    [Test]
    public void A_saved_domain_that_cannot_have_its_device_stays_saved()
    {
        var large = new VgpuDomain(domain.Name, "GRID M60-8Q") { Uuid = domain.Uuid };
        Start(large);
        Lab.Virsh("managedsave", large.Name).Expected("virsh managedsave");
        Wait.Until(() => !Exists(large.Device), Lab.Host.State);
        var others = new VgpuDomain("others", "GRID M60-8Q", "GRID M60-8Q");
        Start(others);

        Assert.That(Refusal(large.Uuid), Does.StartWith($"domain 'traveller': the device '{large.Device}' of type 'GRID M60-8Q' cannot be had: no parent fits"));

        Destroy(others);
        Start(large.Uuid);
        Assert.That(Lab.Virsh("dominfo", large.Name).Output, Does.Match(@"Managed save:\s+no"));
    }

    private Outcome Migrate(HermeticLibvirtd from, HermeticLibvirtd to, params IEnumerable<string> options)
    {
        // Where the QEMU of the destination, which is not root, may make a socket.
        var socket = $"/tmp/mdev-migration-{Guid.NewGuid()}";
        try
        {
            return from.Virsh(["migrate", "--live", "--p2p", domain.Name, Uri(to), "--migrateuri", $"unix://{socket}", .. options]);
        }
        finally
        {
            File.Delete(socket);
        }
    }

    private static string Uri(HermeticLibvirtd lab) => $"qemu+unix:///system?socket={lab.Folder}/run/libvirt/libvirt-sock";

    private string StateIn(HermeticLibvirtd lab) => lab.Virsh("domstate", domain.Name).Expected("virsh domstate").Output.Trim();

    /// <summary>The one device of the domain, which is the same in the declaration and in the hostdev.</summary>
    private Guid DeviceIn(HermeticLibvirtd lab, params IEnumerable<string> options)
    {
        var uuids = Uuids().Matches(lab.Virsh(["dumpxml", domain.Name, .. options]).Expected("virsh dumpxml").Output).Select(m => m.Groups[1].Value).ToArray();
        Assert.That(uuids, Has.Length.EqualTo(2).And.All.EqualTo(uuids[0]));
        return Guid.Parse(uuids[0]);
    }

    private string TypeHere() =>
        Path.GetFileName(Lab.Run("readlink", $"/sys/bus/mdev/devices/{domain.Device}/mdev_type").Expected("readlink").Output.Trim());

    [GeneratedRegex("<(?:mdev:hostdev|address) uuid=['\"]([^'\"]*)['\"]")]
    private static partial Regex Uuids();
}
