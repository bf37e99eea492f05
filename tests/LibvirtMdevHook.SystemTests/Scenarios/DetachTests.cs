using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Scenarios;

/// <summary>Devices that are detached from running domains.</summary>
[TestFixture]
internal sealed class DetachTests() : HotPlugScenario("m60-mdev.xml")
{
    [Test]
    public void A_device_that_the_guest_lets_go_is_removed_and_the_others_stay()
    {
        var domain = StartDeclaring("shrinking");
        Attach(domain, "--persistent").Expected("attach");
        var detach = Task.Run(() => Detach(domain, "--persistent"));
        LetGoUntilEndOf(detach, domain);

        Assert.That(detach.Result.Expected("detach").Output,
            Is.EqualTo($"detached '{Device}' ('{Type}' on '0000:86:00.0') from 'shrinking'\n"));
        Assert.That(Exists(Device), Is.False);
        Assert.That(Exists(Other));
        Assert.That(Devices(domain), Is.EqualTo((new[] { Other }, new[] { Other })));
        Assert.That(Devices(domain, "--inactive"), Is.EqualTo((new[] { Other }, new[] { Other })));
        Destroy(domain);
    }

    [Test]
    public void A_device_that_was_there_from_the_start_can_go_too()
    {
        var domain = StartDeclaring("emptying");
        var detach = Task.Run(() => Run(null, "detach", domain.Name, $"{Other}"));
        LetGoUntilEndOf(detach, domain);
        detach.Result.Expected("detach");

        Assert.That(HasRecord(domain), Is.False);
        Assert.That(Xml(domain), Does.Not.Contain(VgpuDomain.Namespace));

        // The device is back at the next start, since it is still defined.
        Destroy(domain);
        Start(domain.Uuid);
        Assert.That(Exists(Other));
    }

    [Test]
    public void A_paused_guest_keeps_its_device_until_it_runs_and_is_asked_again()
    {
        var domain = StartPlain("paused");
        Attach(domain).Expected("attach");
        Lab.Virsh("suspend", domain.Name).Expected("virsh suspend");

        var refusal = Detach(domain, "--wait", "7");
        Assert.That(Refused(refusal),
            Does.Contain($"the guest has not let go of the device '{Device}' in time: libvirt says that the guest has it"));
        Assert.That(refusal.Errors, Does.Contain($"virt-mdev: waiting for the guest to let go of '{Device}' ...\n"));
        Assert.That(Exists(Device));
        Assert.That(Devices(domain), Is.EqualTo((new[] { Device }, new[] { Device })));

        Lab.Virsh("resume", domain.Name).Expected("virsh resume");
        LetGo(domain);
        Detach(domain).Expected("detach");
        Assert.That(Exists(Device), Is.False);
    }

    [Test]
    public void A_device_that_a_guest_gives_up_too_late_is_gone_at_its_end()
    {
        var domain = StartPlain("late");
        Attach(domain).Expected("attach");
        Refused(Detach(domain, "--wait", "6"));
        LetGo(domain);
        Assert.That(() => Devices(domain).Has, Is.Empty.After(5000, 50));

        Destroy(domain);
        NothingMayBeLeft();
    }

    [Test]
    public void A_guest_that_ends_while_it_is_asked_leaves_nothing()
    {
        var domain = StartPlain("ending");
        Attach(domain).Expected("attach");
        var detach = Task.Run(() => Detach(domain));
        WaitForUnplug(domain);
        Lab.KillGuest(domain.Name);

        detach.Result.Expected("detach");
        NothingMayBeLeft();
    }

    [Test]
    public void A_device_that_another_process_holds_is_not_removed()
    {
        var domain = StartPlain("shared");
        Attach(domain).Expected("attach");
        using (var virsh = new FaultyVirsh(Lab, "*detach-device*", $"""
            /usr/bin/virsh "$@"
            while /usr/bin/virsh dumpxml {domain.Name} | grep -q '<hostdev '; do
              /usr/bin/virsh reset {domain.Name}
              sleep 0.1
            done
            exec 9<>/dev/vfio/{Group(Device)}
            setsid sleep infinity </dev/null >/dev/null 2>&1 &
            until grep -q sleep /proc/$!/comm; do :; done
            echo $! >/run/holder
            exit 0
            """))
            Assert.That(Refused(Detach(domain, virsh, "--wait", "9")), Does.Contain("process 'sleep' (pid"));
        Assert.That(Exists(Device));
        Lab.Run("sh", "-c", "kill $(cat /run/holder)").Expected("kill");
        Detach(domain).Expected("detach");
        Assert.That(Exists(Device), Is.False);
    }

    [Test]
    public void A_removal_that_another_worker_is_at_is_waited_for()
    {
        var domain = StartPlain("shared-work");
        Attach(domain).Expected("attach");
        var removal = $"{Lab.Records}/removing/{Device}";
        File.WriteAllText($"{removal}.xml",
            File.ReadAllText(RecordFile(domain)).Replace("stage=\"online\"", "stage=\"leaving\"", StringComparison.Ordinal));
        var other = Task.Run(() =>
            Lab.Run("flock", $"/run/libvirt-mdev/removing/{Device}.lock", "sh", "-c", "until [ -e /run/done ]; do sleep 0.1; done"));
        Wait.Until(() => File.Exists($"{removal}.lock"), () => "no lock");
        var detach = Task.Run(() => Detach(domain));
        LetGoUntilEndOf(detach, domain);

        Assert.That(Refused(detach.Result), Does.EndWith(
            "but it cannot be removed yet: a worker of an earlier operation is still at it; "
            + "'virt-mdev reconcile --apply' goes on with it"));
        Assert.That(Exists(Device));

        detach = Task.Run(() => Detach(domain));
        Assert.That(detach.Wait(TimeSpan.FromSeconds(3)), Is.False);
        Lab.Run("touch", "/run/done").Expected("touch");
        other.Wait();
        Assert.That(detach.Result.Expected("detach").Output, Does.StartWith($"detached '{Device}' "));
        Assert.That(Exists(Device), Is.False);
    }

    [Test]
    public void A_terminal_that_has_gone_changes_nothing()
    {
        var domain = StartPlain("untold");
        Attach(domain).Expected("attach");
        Lab.Virsh("suspend", domain.Name).Expected("virsh suspend");

        // Writes to it fail, as to a terminal whose other end is closed.
        var detach = $"exec {Lab.Folder}/usr/bin/virt-mdev detach {domain.Name} {Device} --wait 7 2</dev/null";
        Assert.That(Lab.Run("sh", "-c", detach).Status, Is.EqualTo(1));
        Assert.That(Devices(domain), Is.EqualTo((new[] { Device }, new[] { Device })));
        Destroy(domain);
    }

    [Test]
    public void What_is_not_ours_is_left_to_virsh()
    {
        var domain = new VgpuDomain("native", Type) { Devices = [Device], More = Acpi };
        Write("sys/class/mdev_bus/0000:86:00.0/mdev_supported_types/nvidia-20/create", $"{Device}");
        Lab.Define(domain.Guest() with { Metadata = "" });
        Start(domain.Uuid);

        Assert.That(Refused(Detach(domain)), Does.Contain("is not on record, so it is not ours to take down"));
        Assert.That(Refused(Run(null, "detach", domain.Name, $"{Other}")), Does.Contain($"it has no device '{Other}'"));
        Assert.That(Refused(Run(null, "detach", domain.Name, "x")), Does.Contain("'x' is neither a uuid nor a PCI address"));
        Destroy(domain);
        Write($"sys/bus/mdev/devices/{Device}/remove", "1");
    }

    private void WaitForUnplug(VgpuDomain domain) => Wait.Until(
        () => Lab.Run("pgrep", "-f", $"detach-device {domain.Uuid}").Status == 0, () => Lab.HookLog);
}
