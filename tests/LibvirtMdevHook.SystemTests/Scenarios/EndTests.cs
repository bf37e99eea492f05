using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Scenarios;

/// <summary>However a guest ends, and whatever its XML has become meanwhile, its devices are removed.</summary>
[TestFixture]
internal sealed class EndTests() : Scenario("m60-rfc2016.xml")
{
    private readonly VgpuDomain _domain = new("ending", "GRID M60-4Q");

    [Test]
    public void A_killed_guest_leaves_nothing()
    {
        Start(_domain);
        Lab.KillGuest(_domain.Name);
        NothingMayBeLeft();

        Assert.That(State(_domain.Uuid), Is.EqualTo("shut off"));
        Assert.That(Writes[^1], Does.StartWith($"0000:86:00.0/mdev_destroy \"{_domain.Device}:"));
    }

    [Test]
    public void A_guest_that_ends_by_itself_leaves_nothing()
    {
        Start(_domain);

        // QEMU ends during the monitor command, so virsh may report a failure.
        Lab.Virsh("qemu-monitor-command", _domain.Name, "--hmp", "quit");
        NothingMayBeLeft();

        Assert.That(State(_domain.Uuid), Is.EqualTo("shut off"));
    }

    [Test]
    public void A_domain_whose_declaration_was_removed_while_it_ran_leaves_nothing()
    {
        Start(_domain);
        Lab.Virsh("metadata", _domain.Name, "--uri", VgpuDomain.Namespace, "--remove", "--live", "--config").Expected("virsh metadata");
        Assert.That(Lab.Virsh("dumpxml", _domain.Name).Output, Does.Not.Contain(VgpuDomain.Namespace));
        Destroy(_domain);
        NothingMayBeLeft();
    }

    [Test]
    public void What_was_recorded_counts_and_not_what_the_declaration_became()
    {
        var other = Guid.NewGuid();
        Start(_domain);
        Write("sys/bus/pci/devices/0000:87:00.0/mdev_create", $"{other}:vgpu_type_id=17,vm_uuid={other}");
        var edited = $"<hostdevs><hostdev uuid='{other}' type='17'/></hostdevs>";
        Lab.Virsh("metadata", _domain.Name, "--uri", VgpuDomain.Namespace, "--key", "mdev", "--set", edited, "--live")
            .Expected("virsh metadata");
        Destroy(_domain);
        Wait.Until(() => !Exists(_domain.Device), Lab.Host.State);

        Assert.That(Exists(other));
        Write("sys/bus/pci/devices/0000:87:00.0/mdev_destroy", $"{other}");
    }

    [Test]
    public void A_managed_save_gives_the_devices_back_and_the_next_start_makes_them_anew()
    {
        Start(_domain);
        var inode = Inode(_domain.Device);
        Lab.Virsh("managedsave", _domain.Name).Expected("virsh managedsave");
        NothingMayBeLeft();
        Start(_domain.Uuid);

        Assert.That(Lab.Virsh("domstate", "--reason", _domain.Name).Output.Trim(), Is.EqualTo("running (restored)"));
        Assert.That(Inode(_domain.Device), Is.Not.EqualTo(inode));
    }

    [Test]
    public void A_domain_can_be_saved_to_a_file_and_restored()
    {
        Start(_domain);
        Lab.Virsh("save", _domain.Name, "/run/saved").Expected("virsh save");
        NothingMayBeLeft();
        Lab.Virsh("restore", "/run/saved").Expected("virsh restore");

        Assert.That(State(_domain.Uuid), Is.EqualTo("running"));
        Assert.That(Exists(_domain.Device));
    }
}
