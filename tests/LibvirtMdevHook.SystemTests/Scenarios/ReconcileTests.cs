using System.Text.Json;
using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Scenarios;

/// <summary>reconcile finds devices that no hook will remove, and removes the ones that no domain uses.</summary>
[TestFixture]
internal sealed class ReconcileTests() : HotPlugScenario("m60-rfc2016.xml")
{
    private readonly VgpuDomain _domain = new("lost", Type);

    private string Orphan =>
        $"orphan: the record of 'lost' ({_domain.Uuid}), which does not run, with '{_domain.Device}' ('{Type}' on '0000:86:00.0')";

    [Test]
    public void What_a_prepare_without_libvirtd_left_is_listed_and_then_taken_down()
    {
        LoseDevice();
        var (tree, record) = (Lab.Host.Tree(), File.ReadAllText(RecordFile(_domain)));

        Assert.That(VirtMdev("reconcile"), Is.EqualTo($"{Orphan}\n"));
        Assert.That((Lab.Host.Tree(), File.ReadAllText(RecordFile(_domain))), Is.EqualTo((tree, record)));
        using var json = JsonDocument.Parse(VirtMdev("reconcile", "--json"));
        Assert.That(json.RootElement[0].GetProperty("kind").GetString(), Is.EqualTo("orphan"));
        Assert.That(json.RootElement[0].GetProperty("devices")[0].GetString(), Is.EqualTo($"{_domain.Device}"));
        Assert.That(json.RootElement[0].GetProperty("cleaned_up").GetBoolean(), Is.False);

        Assert.That(VirtMdev("reconcile", "--apply"), Is.EqualTo($"{Orphan}; cleaned up\n"));
        NothingMayBeLeft();
        Assert.That(VirtMdev("reconcile", "--apply"), Is.EqualTo("Nothing is left over.\n"));
    }

    [Test]
    public void A_record_of_a_domain_that_was_undefined_is_an_orphan_too()
    {
        LoseDevice();
        Lab.Virsh("undefine", _domain.Name).Expected("virsh undefine");

        Assert.That(VirtMdev("reconcile", "--apply"), Is.EqualTo($"{Orphan}; cleaned up\n"));
        NothingMayBeLeft();
    }

    [Test]
    public void Nothing_of_a_domain_that_runs_or_is_paused_is_touched()
    {
        Start(_domain);
        Lab.Virsh("suspend", _domain.Name).Expected("virsh suspend");

        Assert.That(VirtMdev("reconcile", "--apply"), Is.EqualTo("Nothing is left over.\n"));
        Assert.That(Exists(_domain.Device));
        Destroy(_domain);
    }

    [Test]
    public void A_held_device_is_left_alone()
    {
        LoseDevice();
        var record = File.ReadAllText(RecordFile(_domain));
        using (new Holder(Lab.Root + $"/dev/vfio/{Group(_domain.Device)}"))
        {
            var outcome = Run(null, "reconcile", "--apply");
            Assert.That(outcome.Status, Is.EqualTo(1));
            Assert.That(outcome.Output, Is.EqualTo($"{Orphan}; left alone: a process that cannot be seen from here holds it\n"));
            Assert.That(File.ReadAllText(RecordFile(_domain)), Is.EqualTo(record));
            Assert.That(Exists(_domain.Device));
        }

        Assert.That(VirtMdev("reconcile", "--apply"), Is.EqualTo($"{Orphan}; cleaned up\n"));
    }

    [TestCase("exec sleep infinity", "'virsh list' has not ended in time")]
    [TestCase("echo 'error: no connection' >&2; exit 1", "no connection")]
    public void Without_an_answer_of_libvirt_there_is_no_verdict(string lines, string reason)
    {
        LoseDevice();
        using var virsh = new FaultyVirsh(Lab, "*list*", lines);

        var outcome = Run(virsh, "reconcile", "--apply");
        Assert.That((outcome.Status, outcome.Output), Is.EqualTo((1, "")));
        Assert.That(outcome.Errors, Does.EndWith($"virt-mdev: there is no verdict on the records of domains: {reason}\n"));
        Assert.That(Exists(_domain.Device));
        VirtMdev("reconcile", "--apply");
    }

    [Test]
    public void A_domain_that_starts_after_libvirt_was_asked_keeps_its_devices()
    {
        LoseDevice();
        using var virsh = new FaultyVirsh(Lab, "*list*", $"/usr/bin/virsh \"$@\"; /usr/bin/virsh start {_domain.Name} >/dev/null; exit 0");

        Assert.That(Run(virsh, "reconcile", "--apply").Expected("reconcile").Output, Is.EqualTo("Nothing is left over.\n"));
        Assert.That(Exists(_domain.Device));
        Assert.That(State(_domain.Uuid), Is.EqualTo("running"));
        Destroy(_domain);
    }

    [Test]
    public void A_removal_whose_worker_was_killed_is_ended()
    {
        Start(_domain);
        Lab.Host.Control("fault hang op=write path=**/mdev_destroy count=1");
        Destroy(_domain);
        WaitForLine("begin write", "mdev_destroy");
        Assert.That(VirtMdev("reconcile"), Is.EqualTo("Nothing is left over.\n"), "its worker is still at it");
        Lab.Run("pkill", "-KILL", "-f", "virt-mdev worker").Expected("pkill");
        Lab.Host.Control("clear");
        Write("sys/bus/pci/devices/0000:87:00.0/mdev_create", $"{Other}:vgpu_type_id=17,vm_uuid={Other}");

        Wait.Until(() => VirtMdev("reconcile", "--apply").StartsWith("removal: the device ", StringComparison.Ordinal)
            || !File.Exists(Path.Combine(Lab.Records, $"removing/{_domain.Device}.xml")), () => Lab.HookLog);
        Assert.That(Exists(_domain.Device), Is.False);
        Assert.That(Exists(Other), "somebody else's device");
        Write("sys/bus/pci/devices/0000:87:00.0/mdev_destroy", $"{Other}");
    }

    [Test]
    public void A_record_that_is_not_trusted_is_listed_and_kept()
    {
        var file = Path.Combine(Lab.Records, $"domains/{Other}.xml");
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, "torn");

        Assert.That(VirtMdev("reconcile", "--apply"), Does.Match(
            $"^untrusted: the record '/run/libvirt-mdev/domains/{Other}.xml' is not to be trusted: .*; set aside\n$"));
        Assert.That(VirtMdev("reconcile"), Does.Match(
            $"^set-aside: '/run/libvirt-mdev/set-aside/{Other}.xml.[0-9]+' is a record that was set aside; look at it and delete it\n$"));
        var kept = Directory.GetFiles(Path.Combine(Lab.Records, "set-aside"));
        Assert.That(kept, Has.Length.EqualTo(1));
        File.Delete(kept[0]);
    }

    /// <summary>libvirtd is killed while it waits for prepare, so release is never called.</summary>
    private void LoseDevice()
    {
        Lab.Define(_domain.Guest());
        Lab.Host.Control("fault delay=1s op=write path=**/mdev_create count=1");
        var start = StartLater(_domain.Uuid);
        WaitForLine("begin write", $"{_domain.Device}");
        Lab.KillDaemon();
        Assert.That(start.Result.Status, Is.Not.Zero);
        Lab.StartDaemon();
        Simulation.Wait.Until(
            () => File.ReadAllText(RecordFile(_domain)).Contains("phase=\"prepared\"", StringComparison.Ordinal), () => Lab.HookLog);
    }
}
