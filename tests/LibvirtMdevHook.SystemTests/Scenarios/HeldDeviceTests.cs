using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Scenarios;

/// <summary>Devices that another process holds when their domain ends: libvirtd never waits for them.</summary>
[TestFixture]
internal sealed class HeldDeviceTests() : Scenario("m60-rfc2016.xml")
{
    private static readonly TimeSpan Quickly = TimeSpan.FromSeconds(3);

    private readonly VgpuDomain _domain = new("holding", "GRID M60-8Q");
    private readonly VgpuDomain _other = new("other", "GRID M60-8Q");

    [Test]
    public void A_held_device_is_removed_when_its_holder_closes_it()
    {
        Start(_domain);
        using var hook = HoldAtTheEnd();
        Assert.That(Time(() => Destroy(_domain)), Is.LessThan(Quickly));

        Assert.That(State(_domain.Uuid), Is.EqualTo("shut off"));
        Assert.That(HasRecord(_domain), Is.False);
        var holder = Holder();
        WaitForEffect("holds it");
        Assert.That(Effects[^1], Is.EqualTo($"Warn release of domain 'holding': the device '{_domain.Device}' "
            + $"('GRID M60-8Q' on '0000:86:00.0') cannot be taken down yet: process 'sleep' (pid {holder}) holds it"));
        Assert.That(VirtMdev("list"), Does.Match($"{_domain.Device} .* held by process 'sleep' \\(pid {holder}\\)"));
        Assert.That(Time(() => Lab.Virsh("list", "--all").Expected("virsh list")), Is.LessThan(Quickly));

        // Its GPU is in use, the other one is not.
        Start(_other);
        Assert.That(Lab.Host.State(), Does.Contain($"device {_other.Device} parent=0000:87:00.0 "));
        Assert.That(Exists(_domain.Device));

        Lab.Run("kill", holder).Expected("kill");
        Wait.Until(() => !Exists(_domain.Device), () => Lab.HookLog);
        Destroy(_other);
    }

    [Test]
    public void A_domain_whose_last_device_is_held_is_refused_by_the_name_of_the_holder()
    {
        Start(_domain);
        using var hook = HoldAtTheEnd();
        Destroy(_domain);
        var holder = Holder();
        Lab.Define((_domain with { Parent = "0000:86:00.0" }).Guest());
        File.AppendAllText(Configuration, "prepare_deadline = 1\n");

        Assert.That(Refusal(_domain.Uuid), Does.Contain($"'{_domain.Device}'").And.Contains($"process 'sleep' (pid {holder})"));
        File.WriteAllText(Configuration, "");
        Lab.Run("kill", holder).Expected("kill");
    }

    private string Configuration => Path.Combine(Lab.Folder, "etc-libvirt/mdev-hook.conf");

    /// <summary>Makes a process open the device's node between the end of QEMU and our release.</summary>
    private OtherHook HoldAtTheEnd() => new(Lab, "10-holder", $"""
        [ $2 = stopped ] && [ "$1" = {_domain.Name} ] || exit 0
        exec 9<>/dev/vfio/{Group(_domain.Device)}
        setsid sleep infinity </dev/null >/dev/null 2>&1 &
        until grep -q sleep /proc/$!/comm; do :; done
        echo $! >/run/holder
        """);

    private string Holder() => File.ReadAllText(Path.Combine(Lab.Folder, "run/holder")).Trim();
}
