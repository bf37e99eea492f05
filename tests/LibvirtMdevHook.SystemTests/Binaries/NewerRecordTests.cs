using System.Text.Json;
using LibvirtMdevHook.SystemTests.Lab;
using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>
/// After a downgrade a record of the newer version lies there for a domain that runs: its devices are taken, and nothing but
/// 'virt-mdev reconcile --apply' moves it.
/// </summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class NewerRecordTests
{
    private const string Type = "NVIDIA L40S-4Q";
    private const string Versions = "record version 2; this one knows 1";

    private readonly DeclaringDomain _domain = new("win10", Vgpu.Vf("0000:41:00.4", Type));
    private readonly DeclaringDomain _other = new("other", Vgpu.Vf("0000:41:00.5", Type));

    [Test]
    public void A_domain_that_runs_across_a_downgrade_and_an_upgrade_is_taken_down_by_its_release()
    {
        using var host = new HookedHost("l40s-vf.xml", "removal_grace = 0");
        host.Start(_domain);
        var record = File.ReadAllText(host.Record(_domain));
        var newer = Downgrade(host);
        var devices = host.Host.Tree();
        var file = host.InRoot("domain.xml");
        File.WriteAllText(file, _other.ToString());

        MustLeaveTheRecord("plan", () => host.VirtMdev("plan", file));
        MustLeaveTheRecord("list", () => host.VirtMdev("list"));
        MustLeaveTheRecord("types", () => host.VirtMdev("types"));
        MustLeaveTheRecord("check", () => host.VirtMdev("check", file));
        MustLeaveTheRecord("render", () => host.VirtMdev("render", UntrustedRecordTests.Shorthand(host)));
        MustLeaveTheRecord("retarget", () => new RecordedVirsh(host, _other.ToString()).VirtMdev("retarget", "other"));
        host.Call("prepare", _other).MustBeGood();
        host.Stop(_other);
        host.Stop(_domain);
        host.WaitForWorkers();
        Assert.That((host.Host.Tree(), File.ReadAllText(host.Record(_domain))), Is.EqualTo((devices, newer)), host.LastOfLog);

        File.WriteAllText(host.Record(_domain), record);
        host.Stop(_domain);
        host.MustBeAsBefore();

        void MustLeaveTheRecord(string verb, Func<Outcome> run)
        {
            var outcome = run();
            Assert.That(outcome.Status, Is.Zero, verb + outcome.Errors);
            Assert.That(File.Exists(host.Record(_domain)) ? File.ReadAllText(host.Record(_domain)) : "", Is.EqualTo(newer), verb);
        }
    }

    [Test]
    public void Its_own_prepare_is_refused_with_both_versions_and_what_to_do()
    {
        using var host = new HookedHost("l40s-vf.xml");
        host.Start(_domain);
        var newer = Downgrade(host);
        var devices = host.Host.Tree();

        host.Call("prepare", _domain).MustBeRefused("'win10'", Versions, "'virt-mdev reconcile --apply'");
        host.Call("migrate", _domain).MustBeRefused("'win10'", Versions);

        Assert.That((host.Host.Tree(), File.ReadAllText(host.Record(_domain))), Is.EqualTo((devices, newer)));
    }

    [TestCase("start")]
    [TestCase("started")]
    [TestCase("stopped")]
    [TestCase("release")]
    [TestCase("reconnect")]
    [TestCase("attach")]
    [TestCase("restore")]
    public void An_operation_of_its_domain_leaves_it_and_says_so_once(string operation)
    {
        using var host = new HookedHost("l40s-vf.xml");
        host.Start(_domain);
        var newer = Downgrade(host);
        var devices = host.Host.Tree();

        host.Call(operation, _domain).MustBeGood();
        host.WaitForWorkers();

        Assert.That((host.Host.Tree(), File.ReadAllText(host.Record(_domain))), Is.EqualTo((devices, newer)));
        Assert.That(host.Log.Split('\n').Count(line => line.Contains($"{Versions}); it is left as it is", StringComparison.Ordinal)),
            Is.EqualTo(1), host.Log);
    }

    [Test]
    public void Another_domain_does_not_get_its_devices()
    {
        using var host = new HookedHost("l40s-vf.xml");
        host.Start(_domain);
        Downgrade(host);
        var clone = _domain with { Name = "clone", Uuid = Guid.NewGuid() };

        host.Call("prepare", clone).MustBeRefused("'clone'", "'0000:41:00.4'", Versions);
        Assert.That(host.Call("migrate", clone).MustBeRewritten(), Does.Contain("address='0000:41:00.5'"));
    }

    [Test]
    public void An_attach_does_not_replace_it()
    {
        using var host = new HookedHost("l40s-vf.xml");
        host.Start(_domain);
        var newer = Downgrade(host);

        var attach = new RecordedVirsh(host, _domain.ToString()).VirtMdev("attach", "win10", "--type", Type);

        Assert.That((attach.Status, attach.Output), Is.EqualTo((1, "")));
        Assert.That(attach.Errors, Does.Contain(Versions));
        Assert.That(File.ReadAllText(host.Record(_domain)), Is.EqualTo(newer));
    }

    [Test]
    public void Listings_say_what_it_is()
    {
        using var host = new HookedHost("l40s-vf.xml");
        host.Start(_domain);
        Downgrade(host);

        using var list = JsonDocument.Parse(host.VirtMdev("list", "--json").Output);
        var device = list.RootElement.EnumerateArray().Single();
        Assert.That((device.GetProperty("device").GetString(), device.GetProperty("domain").GetString(),
            device.GetProperty("domain_uuid").GetString(), device.GetProperty("state").GetString()),
            Is.EqualTo(("0000:41:00.4", "win10", $"{_domain.Uuid}", "on record by a newer version of this program")));
        Assert.That(host.VirtMdev("list").Errors, Does.Contain(Versions));
        Assert.That(host.VirtMdev("doctor").Output, Does.Contain($"'{host.Record(_domain)}' of the domain 'win10'").And.Contain(Versions));
        var metrics = new Exposition(host.VirtMdev("metrics").Output);
        Assert.That(metrics.Value("libvirt_mdev_newer_records"), Is.EqualTo(1));
        Assert.That(metrics.Samples("libvirt_mdev_devices", ("state", "newer"), ("domain", "win10")).Count(), Is.EqualTo(1));
    }

    [Test]
    public void Reconcile_lists_it_and_sets_it_aside_only_when_it_is_told_to()
    {
        using var host = new HookedHost("l40s-vf.xml");
        host.Start(_domain);
        var newer = Downgrade(host);
        var devices = host.Host.Tree();

        var listed = Reconcile(host, "");
        Assert.That((listed.Status, listed.Output), Is.EqualTo((0, $"newer: the record '{host.Record(_domain)}' of the domain 'win10' "
            + $"({_domain.Uuid}) was written by a newer version of this program ({Versions}), with '0000:41:00.4'\n")));
        Assert.That(File.ReadAllText(host.Record(_domain)), Is.EqualTo(newer));

        Assert.That(Reconcile(host, "", "--apply").Output, Is.EqualTo(listed.Output.TrimEnd('\n') + "; set aside\n"));
        Assert.That(Directory.GetFiles(host.InRoot("run/libvirt-mdev/set-aside")).Select(File.ReadAllText), Is.EqualTo(new[] { newer }));
        Assert.That(File.Exists(host.Record(_domain)), Is.False);
        Assert.That(host.Host.Tree(), Is.EqualTo(devices), "what nobody can prove to be ours stays");
        Assert.That(host.Log, Does.Contain($"set aside: the record '{host.Record(_domain)}'"));
    }

    [Test]
    public void Reconcile_leaves_it_while_its_domain_runs()
    {
        using var host = new HookedHost("l40s-vf.xml");
        host.Start(_domain);
        var newer = Downgrade(host);

        var outcome = Reconcile(host, $"{_domain.Uuid}", "--apply");

        Assert.That((outcome.Status, outcome.Output.EndsWith("; left alone: its domain runs\n", StringComparison.Ordinal)),
            Is.EqualTo((1, true)), outcome.Output);
        Assert.That(File.ReadAllText(host.Record(_domain)), Is.EqualTo(newer));
    }

    [Test]
    public void Reconcile_leaves_it_while_a_process_holds_a_device_of_it()
    {
        using var host = new HookedHost("l40s-vf.xml");
        host.Start(_domain);
        var newer = Downgrade(host);
        using var holder = new Holder(host.NodeOf(_domain.Vgpus[0]));

        var outcome = Reconcile(host, "", "--apply");

        Assert.That(outcome.Status, Is.EqualTo(1));
        Assert.That(outcome.Output, Does.Contain("; left alone: process ").And.Contain($"{holder}").And.Contain(" holds it"));
        Assert.That(File.ReadAllText(host.Record(_domain)), Is.EqualTo(newer));
    }

    /// <summary>Makes the domain's record one of the next version.</summary>
    private string Downgrade(HookedHost host)
    {
        var newer = File.ReadAllText(host.Record(_domain)).Replace("version=\"1\"", "version=\"2\"", StringComparison.Ordinal);
        File.WriteAllText(host.Record(_domain), newer);
        return newer;
    }

    /// <param name="active">What 'virsh list --uuid' prints.</param>
    private static Outcome Reconcile(HookedHost host, string active, params string[] options)
    {
        using var folder = new TemporaryFolder();
        folder.Program("virsh", $"#!/bin/sh\necho {active}\n");
        return Command.Run("env",
            [$"LIBVIRT_MDEV_ROOT={host.Host.Root}", $"PATH={folder.Path}:/usr/bin:/bin", SourceTree.VirtMdev, "reconcile", .. options]);
    }
}
