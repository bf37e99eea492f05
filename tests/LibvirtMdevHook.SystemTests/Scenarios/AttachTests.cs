using LibvirtMdevHook.SystemTests.Lab;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Scenarios;

/// <summary>Devices that are attached to running domains.</summary>
[TestFixture]
internal sealed class AttachTests() : HotPlugScenario("m60-mdev.xml")
{
    [Test]
    public void A_domain_that_never_declared_anything_gets_a_device_and_its_end_takes_it_down()
    {
        var domain = StartPlain("plain");

        Assert.That(Attach(domain).Expected("attach").Output, Is.EqualTo($"attached '{Device}' ('{Type}' on '0000:86:00.0') to 'plain'\n"));

        Assert.That(Devices(domain), Is.EqualTo((new[] { Device }, new[] { Device })));
        Assert.That(Devices(domain, "--inactive"), Is.EqualTo((Array.Empty<Guid>(), Array.Empty<Guid>())));
        Assert.That(VirtMdev("list"), Does.Match($"{Device}  plain .* online, held by process 'qemu-system-x86'"));
        Destroy(domain);
        NothingMayBeLeft();

        // The device was for this life of the domain only.
        Start(domain.Uuid);
        Assert.That(Exists(Device), Is.False);
    }

    [Test]
    public void With_persistent_the_device_comes_again_at_the_next_start()
    {
        var domain = StartPlain("staying");
        Attach(domain, "--persistent").Expected("attach");

        Assert.That(Devices(domain, "--inactive"), Is.EqualTo((new[] { Device }, new[] { Device })));
        Destroy(domain);
        NothingMayBeLeft();
        Start(domain.Uuid);

        Assert.That(Exists(Device));
        Destroy(domain);
    }

    [Test]
    public void A_domain_that_does_not_run_gets_the_device_at_its_next_start()
    {
        var domain = StartPlain("resting");
        Destroy(domain);

        Assert.That(Refused(Attach(domain)), Is.EqualTo("virt-mdev: domain 'resting': it does not run, so nothing can be attached to it; "
            + "with --persistent the device is declared for its next start"));
        Attach(domain, "--persistent").Expected("attach");
        Assert.That(Exists(Device), Is.False);
        Start(domain.Uuid);
        Assert.That(Exists(Device));

        Destroy(domain);
        Detach(domain, "--persistent").Expected("detach");
        Assert.That(Devices(domain), Is.EqualTo((Array.Empty<Guid>(), Array.Empty<Guid>())));
    }

    /// <summary>Changes the example: less memory, an emulated guest, and a type that the host has more of.</summary>
    [Test]
    public void The_example_for_hot_plug_takes_three_more_devices_for_its_ports()
    {
        const string Smaller = "GRID M60-2Q";
        var xml = File.ReadAllText(Path.Combine(SourceTree.Root, "examples/hot-plug.xml"))
            .Replace("type='kvm'", "type='qemu'", StringComparison.Ordinal)
            .Replace("unit='GiB'>4<", "unit='MiB'>32<", StringComparison.Ordinal).Replace(Type, Smaller, StringComparison.Ordinal);
        Lab.Define(xml);
        Lab.Virsh("start", "hot-plug").Expected("virsh start");
        for (var more = 0; more < 3; more++)
            Run(null, "attach", "hot-plug", "--type", Smaller).Expected("attach");
        Assert.That(Lab.Host.State().Split('\n').Count(line => line.StartsWith("device ", StringComparison.Ordinal)), Is.EqualTo(4));
        Assert.That(Refused(Run(null, "attach", "hot-plug", "--type", Smaller)),
            Does.Contain("No more available PCI slots").And.EndsWith("; everything is as before"));
        Lab.Virsh("destroy", "hot-plug").Expected("virsh destroy");
        NothingMayBeLeft();
    }

    [Test]
    public void What_the_domain_declares_already_stays_and_its_rules_hold()
    {
        var domain = StartDeclaring("growing", "gpu='different'");
        Attach(domain).Expected("attach");

        Assert.That(Devices(domain), Is.EqualTo((new[] { Other, Device }, new[] { Other, Device })));
        Assert.That(Xml(domain), Does.Contain("gpu=\"different\""));
        Assert.That(Lab.Host.State(),
            Does.Contain($"device {Other} parent=0000:86:00.0 ").And.Contains($"device {Device} parent=0000:87:00.0 "));
        Assert.That(Refused(Run(null, "attach", domain.Name, "--type", Type)), Does
            .Contain("the domain's other devices are on '0000:86:00.0', '0000:87:00.0', and gpu='different'")
            .And.EndsWith("; everything is as before"));
        Destroy(domain);
    }

    [Test]
    public void The_end_of_the_domain_takes_the_device_down_whatever_became_of_its_metadata()
    {
        var domain = StartPlain("forgetting");
        Attach(domain).Expected("attach");
        Lab.Virsh("metadata", domain.Name, "--uri", VgpuDomain.Namespace, "--remove", "--live").Expected("virsh metadata");
        Lab.KillGuest(domain.Name);

        NothingMayBeLeft();
    }

    [Test]
    public void Two_attaches_at_once_both_are_declared()
    {
        var domain = StartPlain("busy");
        Guid[] devices = [Guid.NewGuid(), Guid.NewGuid(), Guid.NewGuid()];
        var all = devices.Select(d => Task.Run(() => Run(null, "attach", domain.Name, "--type", Type, "--uuid", $"{d}"))).ToArray();
        foreach (var attach in all)
            attach.Result.Expected("attach");
        Assert.That(Devices(domain).Declares, Is.EquivalentTo(devices));
        Assert.That(Devices(domain).Has, Is.EquivalentTo(devices));
        Destroy(domain);
    }

    [Test]
    public void A_guest_that_is_slow_to_take_a_device_is_waited_for_as_long_as_asked()
    {
        var domain = StartPlain("slow");
        using var virsh = new FaultyVirsh(Lab, "*attach-device*--live", "sleep 31");

        Attach(domain, virsh, "--wait", "90").Expected("attach");
        Assert.That(Devices(domain).Has, Is.EqualTo(new[] { Device }));
    }

    [Test]
    public void A_device_of_another_domain_is_refused_by_its_name()
    {
        var owner = StartDeclaring("owner");
        var domain = StartPlain("wanting");
        Assert.That(Refused(Run(null, "attach", domain.Name, "--type", Type, "--uuid", $"{Other}")),
            Does.Contain("it belongs to the domain 'owner'").And.EndsWith("; everything is as before"));
        Assert.That(Refused(Run(null, "attach", owner.Name, "--type", Type, "--uuid", $"{Other}")),
            Is.EqualTo($"virt-mdev: domain 'owner': it has the device '{Other}' already"));
        Destroy(owner);
    }

    [TestCase("--type", "GRID M60-9Q", "have no such type; did you mean ")]
    [TestCase("--parent", "../86", "the parent '../86' is not a PCI address")]
    [TestCase("--parent", "0000:99:00.0", "is not on this host")]
    [TestCase("--uuid", "6a2f", "--uuid '6a2f' is not a uuid")]
    [TestCase("--args", "vm_uuid=1", "sets 'vm_uuid'")]
    [TestCase("--wait", "-1", "--wait is not a number of seconds")]
    [TestCase("--address", "0000:86:00.0", "it is no VF")]
    public void What_cannot_be_asked_for_is_refused_in_a_sentence(string option, string value, string sentence)
    {
        var domain = StartPlain("asking");
        var more = option == "--type" ? [] : new[] { "--type", Type };

        Assert.That(Refused(Run(null, ["attach", domain.Name, $"{option}={value}", .. more])), Does.Contain(sentence));
        Assert.That(Writes, Is.Empty);
    }

    [Test]
    public void A_domain_that_is_not_there_and_another_libvirtd_are_refused()
    {
        Assert.That(Refused(Run(null, "attach", "nobody", "--type", Type)), Does.Contain("failed to get domain 'nobody'"));
        var elsewhere = Lab.Run("env", "LIBVIRT_DEFAULT_URI=qemu+ssh://other/system", Path.Combine(Lab.Folder, "usr/bin/virt-mdev"),
            "attach", "nobody", "--type", Type);
        Assert.That(Refused(elsewhere), Does.Contain("LIBVIRT_DEFAULT_URI is 'qemu+ssh://other/system'"));
    }
}
