using LibvirtMdevHook.SystemTests.Lab;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Scenarios;

/// <summary>The main job, on the interface of the 2016 proposal.</summary>
[TestFixture]
internal sealed class StartTests() : Scenario("m60-rfc2016.xml")
{
    [Test]
    public void Two_vGPUs_are_created_and_brought_online_before_QEMU_starts_and_removed_after_it_ended()
    {
        var domain = new VgpuDomain("two", "GRID M60-4Q", "GRID M60-4Q");
        string first = $"0000:86:00.0/{domain.Devices[0]}", second = $"0000:87:00.0/{domain.Devices[1]}";
        var arguments = $"vgpu_type_id=17,vm_uuid={domain.Uuid}";
        string[] up =
        [
            $"0000:86:00.0/mdev_create \"{domain.Devices[0]}:{arguments}\" ok",
            $"0000:87:00.0/mdev_create \"{domain.Devices[1]}:{arguments}\" ok",
            $"{first}/online \"1\" ok", $"{second}/online \"1\" ok",
        ];

        // The simulator logs an open only when it meets a fault. libvirt opens the nodes to label them, then QEMU does.
        Lab.Host.Control("fault delay=1ms op=open path=dev/vfio/*");
        Start(domain);

        Assert.That(State(domain.Uuid), Is.EqualTo("running"));
        Assert.That(Writes, Is.EqualTo(up));
        Assert.That(Lines.TakeWhile(line => !line.StartsWith("begin open", StringComparison.Ordinal)).Count(), Is.EqualTo(up.Length));
        Assert.That(Lab.Host.State(), Does.Contain($"device {domain.Devices[0]} ").And.Contains(" held"));
        Assert.That(HasRecord(domain));
        Assert.That(VirtMdev("list"), Does.Match($"{domain.Devices[0]} +two .* held by process 'qemu-system-x86'"));

        Destroy(domain);
        NothingMayBeLeft();

        Assert.That(State(domain.Uuid), Is.EqualTo("shut off"));
        Assert.That(Writes, Is.EqualTo((string[])
        [
            .. up,
            $"{second}/online \"0\" ok", $"{first}/online \"0\" ok",
            $"0000:87:00.0/mdev_destroy \"{domain.Devices[1]}:{arguments}\" ok",
            $"0000:86:00.0/mdev_destroy \"{domain.Devices[0]}:{arguments}\" ok",
        ]));
    }

    [Test]
    public void The_log_has_one_line_for_each_effect()
    {
        var domain = new VgpuDomain("logged", "GRID M60-4Q", "m60 2q");
        Start(domain);
        Destroy(domain);
        NothingMayBeLeft();

        var first = $"'{domain.Devices[0]}' ('GRID M60-4Q' on '0000:86:00.0')";
        var second = $"'{domain.Devices[1]}' ('GRID M60-2Q' on '0000:87:00.0')";
        const string Up = "Info prepare of domain 'logged': ", Down = "Info release of domain 'logged': ";
        Assert.That(Effects, Is.EqualTo((string[])
        [
            $"{Up}created {first}", $"{Up}created {second}", $"{Up}brought online {first}", $"{Up}brought online {second}",
            $"{Down}brought offline {second}", $"{Down}brought offline {first}", $"{Down}removed {second}", $"{Down}removed {first}",
        ]));
    }

    [Test]
    public void A_domain_can_be_started_again()
    {
        var domain = new VgpuDomain("again", "GRID M60-8Q");
        Start(domain);
        var inode = Inode(domain.Device);
        Destroy(domain);
        Start(domain.Uuid);

        Assert.That(Inode(domain.Device), Is.Not.EqualTo(inode));
    }

    [Test]
    public void A_domain_without_a_declaration_leaves_no_trace()
    {
        var domain = new GuestDomain("plain");
        Lab.Define(domain);
        Start(domain.Uuid);
        Lab.RestartDaemon();
        Destroy(domain.Uuid);

        Assert.That(Effects, Is.Empty);
        Assert.That(Writes, Is.Empty);
        Assert.That(Lab.DaemonLog, Does.Not.Contain("mdev"));
    }

    [TestCase("--help")]
    [TestCase("-")]
    [TestCase("a b'c\"d&e")]
    [TestCase("t\u00e4st $(reboot) %s%n;`x`")]
    [TestCase("tab\there")]
    public void A_name_is_only_a_name(string name)
    {
        var domain = new VgpuDomain(name, "GRID M60-4Q");
        Start(domain);

        Assert.That(State(domain.Uuid), Is.EqualTo("running"));
        Assert.That(HasRecord(domain));

        Destroy(domain);
        NothingMayBeLeft();
        Assert.That(Effects, Has.Length.EqualTo(4));
    }
}
