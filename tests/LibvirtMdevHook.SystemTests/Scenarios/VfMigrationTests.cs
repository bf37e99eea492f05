using System.Text.RegularExpressions;
using LibvirtMdevHook.SystemTests.Lab;
using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Scenarios;

/// <summary>
/// Domains with a VF move between two hosts, on which VFs have other addresses, and the same types other numbers. The VFs are bound to
/// vfio-pci, the only driver whose unmanaged VFs libvirt 9.0 takes.
/// </summary>
[TestFixture]
internal sealed partial class VfMigrationTests() : MigrationScenario(
    "l40s-vf.xml", new LabOptions { HostFile = Takable }, "l40s-vf.xml", new LabOptions { HostFile = text => Elsewhere(Takable(text)) })
{
    private const string Type = "NVIDIA L40S-24Q";
    private const string Here = "0000:41:00.4";
    private const string OverThere = "0000:51:00.4";

    [Test]
    public void A_running_domain_moves_there_and_back()
    {
        var domain = Define(Lab, "traveller", Here);
        Start(domain.Uuid);

        Migrate(domain.Name, Lab, There).Expected("virsh migrate");

        Assert.That(StateIn(There, domain.Name), Is.EqualTo("running"));
        Assert.That(VfIn(There), Is.EqualTo(OverThere));
        Assert.That(TypeOf(There, OverThere), Is.EqualTo("2155"));
        Wait.Until(() => TypeOf(Lab, Here) == "0", () => Lab.HookLog);

        Migrate(domain.Name, There, Lab).Expected("virsh migrate");

        Assert.That(State(domain.Uuid), Is.EqualTo("running"));
        Assert.That(VfIn(Lab), Is.EqualTo(Here));
        Assert.That(TypeOf(Lab, Here), Is.EqualTo("1155"));
        NothingMayBeLeftIn(There);
    }

    [Test]
    public void A_domain_that_comes_back_for_good_leaves_its_VF_to_the_domain_that_has_it_now()
    {
        var domain = Define(Lab, "traveller", Here);
        Start(domain.Uuid);
        Migrate(domain.Name, Lab, There, "--persistent", "--undefinesource").Expected("virsh migrate");
        Wait.Until(() => TypeOf(Lab, Here) == "0", () => Lab.HookLog);
        var other = Define(Lab, "other", Here);
        Start(other.Uuid);

        Migrate(domain.Name, There, Lab, "--persistent", "--undefinesource").Expected("virsh migrate");

        Assert.That(VfIn(Lab), Is.EqualTo("0000:41:00.5"));
        Assert.That(TypeOf(Lab, Here), Is.EqualTo("1155"));

        // For the next start libvirt keeps the XML of the source host.
        Destroy(domain.Uuid);
        Assert.That(Refusal(domain.Uuid), Does.EndWith(
            "take another VF ('virt-mdev retarget' does it in the definition, 'virsh snapshot-edit' in a snapshot)"));
        Assert.That(VirtMdev("retarget", domain.Name),
            Is.EqualTo($"domain 'traveller': '{Here}' becomes '0000:41:00.5' ('{Type}' on '0000:41:00.0')\n"));
        Start(domain.Uuid);
    }

    [Test]
    public void A_domain_that_moved_for_good_is_retargeted_for_its_next_start()
    {
        var domain = Define(Lab, "traveller", Here);
        Start(domain.Uuid);
        Migrate(domain.Name, Lab, There, "--persistent", "--undefinesource").Expected("virsh migrate");
        There.Virsh("destroy", domain.Name).Expected("virsh destroy");

        Assert.That(Sentence(Failure(There.Virsh("start", domain.Name))),
            Does.Contain($"'{Here}'").And.Contain("there is no such PCI device")
            .And.Contain("if the domain came from another host, 'virt-mdev retarget' gives it a VF of this one"));
        Assert.That(VirtMdevIn(There, "retarget", domain.Name).Expected("virt-mdev").Output,
            Does.StartWith($"domain 'traveller': '{Here}' becomes '{OverThere}'"));
        There.Virsh("start", domain.Name).Expected("virsh start");
        Assert.That((VfIn(There, "--inactive"), TypeOf(There, OverThere)), Is.EqualTo((OverThere, "2155")));
    }

    [Test]
    public void A_type_of_which_none_is_left_refuses_the_migration_and_the_domain_runs_on_here()
    {
        There.Virsh("start", Define(There, "first", OverThere).Name).Expected("virsh start");
        There.Virsh("start", Define(There, "second", "0000:51:00.5").Name).Expected("virsh start");
        var domain = Define(Lab, "traveller", Here);
        Start(domain.Uuid);

        var sentence = Sentence(Failure(Migrate(domain.Name, Lab, There)));

        Assert.That(sentence, Does.StartWith($"domain 'traveller': the device '{Here}' of type '{Type}' cannot be had:"));
        Assert.That(State(domain.Uuid), Is.EqualTo("running"));
        Assert.That(TypeOf(Lab, Here), Is.EqualTo("1155"));
    }

    [Test]
    public void A_VF_that_cannot_be_set_there_after_all_leaves_the_domain_running_here()
    {
        var domain = Define(Lab, "traveller", Here);
        Start(domain.Uuid);
        There.Host.Control("fault errno=EIO op=write path=**/current_vgpu_type");

        Assert.That(Sentence(Failure(Migrate(domain.Name, Lab, There))), Does.Contain("EIO"));

        Assert.That(State(domain.Uuid), Is.EqualTo("running"));
        Assert.That(TypeOf(Lab, Here), Is.EqualTo("1155"));
        NothingMayBeLeftIn(There);
    }

    [Test]
    public void A_device_that_QEMU_cannot_move_stops_the_migration_before_the_other_host_is_asked()
    {
        // The lab's substitute for a VF can migrate. With a driver without migration, or QEMU before 8.1, this is the refusal.
        var domain = Define(Lab, "settled", Here, "<qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>"
            + "<qemu:arg value='-object'/><qemu:arg value='memory-backend-ram,id=shm,size=1M,share=on'/>"
            + "<qemu:arg value='-device'/><qemu:arg value='ivshmem-plain,memdev=shm,master=off,addr=0x10'/></qemu:commandline>");
        Start(domain.Uuid);
        var before = There.HookLog;

        Assert.That(Failure(Migrate(domain.Name, Lab, There)), Does.Contain("cannot migrate domain: Migration is disabled"));
        Assert.That(Failure(Lab.Virsh("managedsave", domain.Name)), Does.Contain("cannot migrate domain: Migration is disabled"));

        Assert.That(There.HookLog, Is.EqualTo(before));
        Assert.That(State(domain.Uuid), Is.EqualTo("running"));
    }

    [Test]
    public void An_offline_migration_there_and_back_gives_the_VF_of_each_host_for_good()
    {
        var domain = Define(Lab, "traveller", Here);

        MigrateOffline(domain.Name, Lab, There, "--undefinesource").Expected("virsh migrate");
        There.Virsh("start", domain.Name).Expected("virsh start");

        Assert.That((VfIn(There, "--inactive"), TypeOf(There, OverThere)), Is.EqualTo((OverThere, "2155")));
        There.Virsh("destroy", domain.Name).Expected("virsh destroy");
        NothingMayBeLeftIn(There);

        MigrateOffline(domain.Name, There, Lab, "--undefinesource").Expected("virsh migrate");
        Start(domain.Uuid);
        Assert.That((VfIn(Lab, "--inactive"), TypeOf(Lab, Here)), Is.EqualTo((Here, "1155")));
    }

    [Test]
    public void A_saved_domain_comes_back_with_the_VF_that_is_free()
    {
        var domain = Define(Lab, "traveller", Here);
        Start(domain.Uuid);
        Lab.Virsh("managedsave", domain.Name).Expected("virsh managedsave");
        Wait.Until(() => TypeOf(Lab, Here) == "0", () => Lab.HookLog);
        Start(domain.Uuid);
        Assert.That(VfIn(Lab), Is.EqualTo(Here));

        Lab.Virsh("managedsave", domain.Name).Expected("virsh managedsave");
        Wait.Until(() => TypeOf(Lab, Here) == "0", () => Lab.HookLog);
        Start(Define(Lab, "other", Here).Uuid);
        Start(domain.Uuid);
        Assert.That(VfIn(Lab), Is.EqualTo("0000:41:00.5"));
    }

    [Test]
    public void A_state_that_was_saved_here_is_restored_there()
    {
        var domain = Define(Lab, "traveller", Here);
        Start(domain.Uuid);
        var file = $"/tmp/mdev-saved-{Guid.NewGuid()}";
        try
        {
            Lab.Virsh("save", domain.Name, file).Expected("virsh save");
            There.Virsh("restore", file).Expected("virsh restore");
        }
        finally
        {
            File.Delete(file);
        }

        Assert.That((VfIn(There), TypeOf(There, OverThere)), Is.EqualTo((OverThere, "2155")));
    }

    private static string Takable(string text) =>
        text.Replace("count=\"6\" driver=\"nvidia\"/>", "count=\"6\" driver=\"vfio-pci\"/>", StringComparison.Ordinal);

    private static string Elsewhere(string text) =>
        text.Replace("0000:41:00.0", "0000:51:00.0", StringComparison.Ordinal)
            .Replace("type id=\"1", "type id=\"2", StringComparison.Ordinal);

    private static GuestDomain Define(HermeticLibvirtd lab, string name, string vf, string more = "")
    {
        var guest = new GuestDomain(name)
        {
            Metadata = $"<mdev:hostdevs xmlns:mdev='{VgpuDomain.Namespace}'><mdev:hostdev address='{vf}' type='{Type}'/></mdev:hostdevs>",
            Devices = GuestDomain.Hostdev(vf),
            More = more,
        };
        lab.Define(guest);
        return guest;
    }

    /// <summary>The VF of the domain that migrates; fails unless declaration and hostdev agree on it.</summary>
    private static string VfIn(HermeticLibvirtd lab, params IEnumerable<string> options)
    {
        var xml = lab.Virsh(["dumpxml", "traveller", .. options]).Expected("virsh dumpxml").Output;
        var (declared, source) = (Declared().Match(xml).Groups[1].Value, Source().Match(xml).Groups);
        Assert.That($"{source[1]}:{source[2]}:{source[3]}.{source[4]}", Is.EqualTo(declared));
        return declared;
    }

    private static string TypeOf(HermeticLibvirtd lab, string vf) =>
        lab.Host.Read($"sys/bus/pci/devices/{vf}/nvidia/current_vgpu_type").Trim();

    [GeneratedRegex("<mdev:hostdev address=\"([^\"]*)\"")]
    private static partial Regex Declared();

    [GeneratedRegex(@"<source>\s*<address domain='0x(....)' bus='0x(..)' slot='0x(..)' function='0x(.)'/>")]
    private static partial Regex Source();
}
