using LibvirtMdevHook.SystemTests.Lab;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>A record that is not to be trusted is moved by prepare of its domain and by 'reconcile --apply', and by nobody else.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class UntrustedRecordTests
{
    private const string Type = "NVIDIA L40S-4Q";

    private readonly DeclaringDomain _domain = new("win10", Vgpu.Vf("0000:41:00.4", Type));
    private readonly DeclaringDomain _other = new("other", Vgpu.Vf("0000:41:00.5", Type));

    [TestCase("plan")]
    [TestCase("list")]
    [TestCase("types")]
    [TestCase("render")]
    [TestCase("retarget")]
    public void A_verb_that_looks_leaves_it_and_names_it(string verb)
    {
        using var host = new HookedHost("l40s-vf.xml");
        Tear(host);

        var outcome = Run(host, verb);

        Assert.That(outcome.Status, Is.Zero, outcome.Errors);
        Assert.That(outcome.Errors, Does.StartWith($"virt-mdev: the record '{host.Record(_domain)}' is not acted on: ")
            .And.Contain("it is left as it is"));
        Assert.That(outcome.Errors.Split('\n'), Has.Length.EqualTo(2));
        MustBeLeft(host);
        Assert.That(host.Log, Is.Empty);
    }

    [Test]
    public void Reconcile_lists_it_and_sets_it_aside_only_when_it_is_told_to()
    {
        using var host = new HookedHost("l40s-vf.xml");
        Tear(host);
        var listed = host.VirtMdev("reconcile");
        Assert.That(listed.Output, Does.StartWith($"untrusted: the record '{host.Record(_domain)}' is not to be trusted: "));
        MustBeLeft(host);

        Assert.That(host.VirtMdev("reconcile", "--apply").Output, Is.EqualTo(listed.Output.TrimEnd('\n') + "; set aside\n"));
        Assert.That(File.Exists(host.Record(_domain)), Is.False);
        Assert.That(host.VirtMdev("reconcile").Output,
            Does.Match("^set-aside: '.*/set-aside/.*' is a record that was set aside; look at it and delete it\n$"));
    }

    [TestCase("prepare")]
    [TestCase("migrate")]
    [TestCase("restore")]
    public void An_operation_of_another_domain_leaves_it_and_says_so_once(string operation)
    {
        using var host = new HookedHost("l40s-vf.xml");
        Tear(host);

        host.Call(operation, _other).MustBeGood();
        host.WaitForWorkers();

        MustBeLeft(host);
        var notice = $"'{host.Record(_domain)}' is not acted on";
        Assert.That(host.Log.Split('\n').Count(line => line.Contains(notice, StringComparison.Ordinal)), Is.EqualTo(1), host.Log);
        Assert.That(host.Log, Does.Contain("only those count that the host shows"));
    }

    [Test]
    public void An_attach_does_not_replace_it()
    {
        using var host = new HookedHost("l40s-vf.xml");
        Tear(host);

        var attach = new RecordedVirsh(host, _domain.ToString()).VirtMdev("attach", "win10", "--address", "0000:41:00.5", "--type", Type);

        Assert.That((attach.Status, attach.Output), Is.EqualTo((1, "")));
        Assert.That(attach.Errors, Does.Contain("is not to be trusted").And.Contain("'virt-mdev reconcile --apply' sets it aside"));
        MustBeLeft(host);
    }

    /// <summary>A domain for render in which a hostdev says what it is to be.</summary>
    /// <returns>Its file.</returns>
    public static string Shorthand(HookedHost host)
    {
        var file = host.InRoot("short.xml");
        File.WriteAllText(file, $"""
            <domain type='kvm' xmlns:mdev='urn:libvirt-mdev-hook:1'><name>short</name><uuid>{Guid.NewGuid()}</uuid>
              <devices><hostdev mode='subsystem' type='pci' managed='no' mdev:type='{Type}'/></devices></domain>
            """);
        return file;
    }

    private Outcome Run(HookedHost host, string verb)
    {
        if (verb == "render")
            return host.VirtMdev("render", Shorthand(host));
        if (verb == "retarget")
            return new RecordedVirsh(host, _other.ToString()).VirtMdev("retarget", "other");
        var file = host.InRoot("other.xml");
        File.WriteAllText(file, _other.ToString());
        return verb == "plan" ? host.VirtMdev("plan", file) : host.VirtMdev(verb);
    }

    private void Tear(HookedHost host)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(host.Record(_domain))!);
        File.WriteAllText(host.Record(_domain), "torn");
    }

    private void MustBeLeft(HookedHost host)
    {
        Assert.That(File.Exists(host.Record(_domain)), host.LastOfLog);
        Assert.That(File.ReadAllText(host.Record(_domain)), Is.EqualTo("torn"));
        Assert.That(Directory.Exists(host.InRoot("run/libvirt-mdev/set-aside")), Is.False);
    }
}
