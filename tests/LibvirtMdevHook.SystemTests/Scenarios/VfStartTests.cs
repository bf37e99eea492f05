using LibvirtMdevHook.SystemTests.Lab;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Scenarios;

/// <summary>
/// VFs as native PCI hostdevs. libvirt 9.0 takes an unmanaged one only from a driver that it knows, so these VFs are bound to vfio-pci.
/// </summary>
[TestFixture]
internal sealed class VfStartTests() : Scenario("l40s-vf.xml", new LabOptions
{
    HostFile = text => text.Replace("count=\"6\" driver=\"nvidia\"/>", "count=\"6\" driver=\"vfio-pci\"/>", StringComparison.Ordinal)
        .Replace("<rules one-size=\"yes\"", "<rules one-size=\"yes\" leaving=\"1s\"", StringComparison.Ordinal),
})
{
    private const string First = "0000:41:00.4";
    private const string Second = "0000:41:00.5";

    [Test]
    public void A_VF_has_its_type_before_QEMU_starts_and_loses_it_when_the_driver_lets_go_of_it()
    {
        var domain = Define("vf", (First, "NVIDIA L40S-4Q"), (Second, "nvidia-1150"));
        Start(domain);

        Assert.That(State(domain), Is.EqualTo("running"));
        Assert.That(Types(First, Second), Is.EqualTo("1150 1150"));
        Assert.That(VirtMdev("list"), Does.Match($"{First} +vf +0000:41:00.0 .* held by process 'qemu-system-x86'"));

        Destroy(domain);
        NothingMayBeLeft();
        Assert.That(Types(First, Second), Is.EqualTo("0 0"));
        Assert.That(Lines, Has.Some.Contains("\"0\" EPERM"), "the driver refuses for a second");
    }

    [Test]
    public void A_VF_of_a_running_domain_outlives_the_start_of_another()
    {
        var winner = Define("winner", (First, "NVIDIA L40S-4Q"));
        Start(winner);
        var loser = Define("loser", (First, "NVIDIA L40S-4Q"));

        Assert.That(Refusal(loser), Does.Contain("it belongs to the domain 'winner'"));

        Assert.That(State(winner), Is.EqualTo("running"));
        Assert.That(Types(First), Is.EqualTo("1150"));
    }

    [Test]
    public void A_start_that_fails_after_prepare_leaves_no_type()
    {
        var missing = "<disk type='file' device='disk'><source file='/nowhere.img'/><target dev='vda'/></disk>";
        var domain = Define("broken", missing, (First, "NVIDIA L40S-4Q"));

        FailedStart(domain);

        NothingMayBeLeft();
        Assert.That(Lines, Has.Some.Contains("\"1150\" ok"));
    }

    [Test]
    public void A_domain_on_whose_VF_a_guest_runs_survives_a_restart_of_libvirtd()
    {
        var domain = Define("restart", (First, "NVIDIA L40S-4Q"));
        Start(domain);

        Lab.RestartDaemon();

        Assert.That(State(domain), Is.EqualTo("running"));
        Destroy(domain);
        NothingMayBeLeft();
    }

    private Guid Define(string name, params (string Address, string Type)[] vfs) => Define(name, "", vfs);

    private Guid Define(string name, string devices, params (string Address, string Type)[] vfs)
    {
        var guest = new GuestDomain(name)
        {
            Metadata = $"<mdev:hostdevs xmlns:mdev='{VgpuDomain.Namespace}'>"
                + string.Concat(vfs.Select(vf => $"<mdev:hostdev address='{vf.Address}' type='{vf.Type}'/>")) + "</mdev:hostdevs>",
            Devices = devices + string.Concat(vfs.Select(vf => GuestDomain.Hostdev(vf.Address))),
        };
        Lab.Define(guest);
        return guest.Uuid;
    }

    private string Types(params string[] vfs) =>
        string.Join(' ', vfs.Select(vf => Lab.Host.Read($"sys/bus/pci/devices/{vf}/nvidia/current_vgpu_type").Trim()));
}
